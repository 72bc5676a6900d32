/** `sluice` on a machine that fails it: output that cannot be written, few descriptors, a store with damaged files. */

import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { openStore } from "../../src/storage/results/open-store.js";
import type { ResourceSample } from "../../src/task/reports.js";
import { REPOSITORY, startSluice } from "../support/program.js";
import { newRecords } from "../support/records.js";
import { sluiceHere } from "../support/sluice-here.js";
import { inTemporaryFolder } from "../support/temporary-folder.js";
import { within } from "../support/within.js";

const SLUICE = `exec "${process.execPath}" dist/program/sluice.js`;
const SPAWNER = fileURLToPath(new URL("../support/programs/without-descriptors.js", import.meta.url));
const env = { ...process.env, SLUICE_HUB: undefined, SLUICE_TOKEN: undefined };
const testOnLinux = (name: string, work: () => void | Promise<void>): void =>
  process.platform === "linux" ? test(name, work) : test.skip(name, work);

/** Runs `script` as a shell does, until `work` is done. */
async function withShell(script: string, work: (shell: ChildProcess) => Promise<void>): Promise<void> {
  const shell = spawn("bash", ["-c", script], { cwd: REPOSITORY, env, stdio: ["ignore", "inherit", "pipe"] });
  const exited = once(shell, "exit");
  try {
    await work(shell);
  } finally {
    shell.kill("SIGINT");
    await exited;
  }
}

testOnLinux("sluice hub goes on where its output and its log cannot be written", () =>
  within(
    60_000,
    inTemporaryFolder(async (folder) => {
      const store = join(folder, "store");
      const hub = `${SLUICE} hub --listen 127.0.0.1:0 --store "${store}" --log-level debug >/dev/full 2>/dev/full`;
      await withShell(hub, async (shell) => {
        for (let answered = false; !answered;) {
          assert.is(shell.exitCode, null);
          answered = (await sluiceHere("nodes", "--store", store)).exitCode === 0;
        }
      });
    }),
  ),
);

testOnLinux("sluice results says that its output could not be written, and fails", () =>
  within(
    60_000,
    inTemporaryFolder(async (folder) => {
      const store = join(folder, "store");
      await fill(store);
      const { stderr, status } = spawnSync(
        "bash",
        ["-c", `${SLUICE} results --json --store "${store}" >/dev/full`],
        {
          cwd: REPOSITORY,
          encoding: "utf8",
        },
      );
      assert.equal([stderr, status], ["error: Cannot write all output as its disk is full\n", 1]);
    }),
  ),
);

testOnLinux("sluice hub says at its start that it may have few files open", () =>
  within(
    60_000,
    inTemporaryFolder(async (folder) => {
      const hub = `ulimit -n 512; ${SLUICE} hub --listen 127.0.0.1:0 --store "${join(folder, "store")}" >/dev/null`;
      await withShell(hub, async ({ stderr }) => {
        assert.ok(stderr);
        const [line] = (await once(createInterface(stderr), "line")) as readonly string[];
        assert.is(
          line,
          "warning: this process may have 512 files open, and a node wants 2048: raise the limit (ulimit -n)",
        );
      });
    }),
  ),
);

testOnLinux("a program that may not even have the files open that it is made of says so in one line", () => {
  for (const program of ["sluice.js hub --store memory:", "start.js --help"]) {
    const command = `ulimit -n 64; exec "${process.execPath}" "${join(REPOSITORY, "dist/program")}"/${program}`;
    const { stdout, stderr, status } = spawnSync("bash", ["-c", command], {
      encoding: "utf8",
      timeout: 60_000,
    });
    assert.is(stdout, "");
    assert.is(
      stderr,
      "error: Cannot start as this process may have 64 files open, and needs 128 at least: raise the limit (ulimit -n)\n",
    );
    assert.is(status, 1);
  }
});

testOnLinux(
  "an ffmpeg that cannot be started, as no descriptor is left, is a failed capture and no crash",
  () => {
    const { stdout, stderr, status } = spawnSync(
      "bash",
      ["-c", `ulimit -n 64; "${process.execPath}" "${SPAWNER}"`],
      {
        encoding: "utf8",
        timeout: 60_000,
      },
    );
    assert.equal([stdout, stderr, status], ["exit: EMFILE\nkilled\n", "", 0]);
  },
);

test("sluice hub says that its store was damaged, and sluice nodes shows it", () =>
  within(
    60_000,
    inTemporaryFolder(async (folder) => {
      const store = join(folder, "store");
      await fill(store);
      for (const file of readdirSync(store)) if (file.endsWith(".log")) rmSync(join(store, file));
      const hub = startSluice(["hub", "--listen", "127.0.0.1:0", "--store", store], { env });
      await hub.says(
        /warning: The files of store ".*" were damaged and have been repaired: .*log is missing/,
      );
      await hub.prints(/Hub "cloud" at/);
      for (let text = ""; !/ago: The files of node "cloud" were damaged/.test(text);) {
        text = (await sluiceHere("nodes", "--store", store)).stdout;
      }
      const { stdout } = await sluiceHere("nodes", "--json", "--store", store);
      const [cloud] = JSON.parse(stdout) as readonly { readonly sample: ResourceSample }[];
      assert.equal(cloud?.sample.repairs?.[0]?.damage, ["the write-ahead log is missing"]);
      hub.interrupt();
      assert.is((await hub.ended).exitCode, 0);
    }),
  ));

async function fill(folder: string): Promise<void> {
  const store = await openStore(folder);
  await store.append(newRecords(50));
  await store.close();
}

test.run();
