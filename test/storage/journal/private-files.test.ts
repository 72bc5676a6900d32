/** Journals hold the addresses of cameras with their passwords: no other user reads them. */

import { chmodSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { systemClock } from "../../../src/runtime/clock.js";
import { silentLogger } from "../../../src/runtime/log.js";
import { openLevelJournals } from "../../../src/storage/journal/level-journals.js";
import type { SourceRequest } from "../../../src/task/requests.js";
import { startSluice } from "../../support/program.js";
import { inTemporaryFolder } from "../../support/temporary-folder.js";

const REQUEST: SourceRequest = {
  id: "cam",
  source: "rtsp://admin:hunter2@127.0.0.1:9/s",
  pipeline: "pipeline: p",
  pipelineName: "p.yaml",
  configuration: {},
  policy: null,
  paced: false,
  limit: null,
};

const modeOf = (path: string): number => statSync(path).mode & 0o777;

function checkPrivate(folder: string): void {
  assert.is(modeOf(folder), 0o700, folder);
  for (const file of readdirSync(folder)) assert.is(modeOf(join(folder, file)), 0o600, file);
}

test("a journal is its user's alone, as soon as it is opened, and one that was open to others is shut", async () => {
  await inTemporaryFolder(async (parent) => {
    const folder = join(parent, "journal");
    const before = process.umask(0);
    try {
      for (const round of [1, 2]) {
        const journals = await openLevelJournals(folder, { clock: systemClock, log: silentLogger });
        checkPrivate(folder);
        const { journal } = await journals.open("cam", { source: "s", nowMs: round, request: REQUEST });
        await journals.close();
        assert.ok(journal);
        // Nobody else comes below the folder, whatever a file in it allows.
        assert.is(modeOf(folder), 0o700);
        assert.ok(readdirSync(folder).some((file) => readFileSync(join(folder, file)).includes("hunter2")));
        chmodSync(folder, 0o755);
        for (const file of readdirSync(folder)) chmodSync(join(folder, file), 0o644);
      }
    } finally {
      process.umask(before);
    }
  });
});

test("what sluice hub writes is its user's alone: store, journal and tokens", async () => {
  await inTemporaryFolder(async (folder) => {
    const store = join(folder, "store");
    const hub = startSluice(["hub", "--listen", "127.0.0.1:0", "--store", store]);
    await hub.prints(/Join another node/);
    for (const made of ["store", "store.journal", "store.cluster/tokens"]) checkPrivate(join(folder, made));
    assert.is(modeOf(`${store}.cluster`), 0o700);
    hub.signal("SIGTERM");
    assert.is((await hub.ended).exitCode, 0);
  });
});

test.run();
