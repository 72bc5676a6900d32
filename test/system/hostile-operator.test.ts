/** A node under attack from an operator who asks it to run sources: it opens nothing that it should not, and goes on. */

import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { CodedError } from "../../src/runtime/errors.js";
import type { Logger } from "../../src/runtime/log.js";
import { silentLogger } from "../../src/runtime/log.js";
import { startNode } from "../../src/node/node.js";
import { connectOperator, type Operator } from "../../src/operator/operator.js";
import { MemoryStore } from "../../src/storage/results/memory-store.js";
import type { SourceRequest } from "../../src/task/requests.js";
import { QUICK, SERVICES } from "../support/local-run.js";
import { inTemporaryFolder } from "../support/temporary-folder.js";
import { within } from "../support/within.js";

const PLAIN = "pipeline: one\nstages:\n  find: { service: detect }\n";
/** At every bound: the dearest text that is read at all. */
const DEAR = `pipeline: one\nstages:\n  find:\n    service: detect\n    parameters: { list: [${"1,".repeat(6_500)}] }\n`;

interface Scene {
  readonly operator: Operator;
  readonly root: string;
  /** Asks the node for a source. @returns the code of the refusal, or `added` */
  readonly ask: (request: Partial<SourceRequest>) => Promise<string>;
  readonly warnings: readonly Readonly<Record<string, unknown>>[];
  /** What the node has refused, by kind. */
  readonly security: () => Readonly<Record<string, number>>;
}

async function scene(work: (scene: Scene) => Promise<void>): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    const root = join(folder, "root");
    mkdirSync(root);
    writeFileSync(join(folder, "secret.mp4"), "x");
    const failures: Error[] = [];
    const warnings: Readonly<Record<string, unknown>>[] = [];
    const log: Logger = {
      ...silentLogger,
      warn: (message, details) => void warnings.push({ message, ...details }),
      child: () => log,
    };
    const node = await startNode({
      name: "cloud",
      listen: "ws://127.0.0.1:0",
      store: new MemoryStore(),
      services: SERVICES,
      limits: QUICK,
      log,
      sourcePolicy: { folders: [root] },
      onFailure: (error) => failures.push(error),
    });
    const operator = await connectOperator({ hub: node.cluster?.url ?? "", token: null });
    let asked = 0;
    try {
      const ask = async (request: Partial<SourceRequest>): Promise<string> => {
        asked += 1;
        const definition: SourceRequest = {
          id: `attack-${asked}`,
          source: "test:16x16,duration=1",
          pipeline: PLAIN,
          pipelineName: "p.yaml",
          configuration: {},
          policy: null,
          paced: false,
          limit: 1,
          ...request,
        };
        return within(
          60_000,
          operator
            .agent(node.name)
            .addSource(definition)
            .then(
              () => "added",
              (error: unknown) => (error instanceof CodedError ? String(error.code) : String(error)),
            ),
        );
      };
      await work({ operator, root, ask, warnings, security: () => node.cluster?.security ?? {} });
      assert.equal(failures, []);
      // One of another name, as those of the attacks may still run.
      const pipeline = PLAIN.replace("one", "honest");
      assert.is(await ask({ id: "honest", pipeline }), "added");
    } finally {
      await operator.close();
      await node.terminate();
    }
  });
}

test("a pipeline that is deep, long or multiplies is refused, and the node goes on", async () => {
  await scene(async ({ ask, warnings, security }) => {
    const texts: Readonly<Record<string, string>> = {
      brackets: "[".repeat(250_000),
      braces: "{a: ".repeat(60_000),
      sequences: "- ".repeat(120_000),
      keys: "? ".repeat(120_000),
      closers: "]".repeat(250_000),
      anchors: "&a ".repeat(80_000),
      aliases: `a: &a [1,2,3]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: [${"*b,".repeat(300)}]`,
    };
    for (const [what, pipeline] of Object.entries(texts)) {
      assert.is(await ask({ pipeline }), "pipeline-invalid", what);
    }
    assert.is(await ask({ pipeline: "[".repeat(1_000_000) }), "permission-denied");
    assert.is(security()["pipeline-invalid"], Object.keys(texts).length);
    // Once a second at most: those in between are counted.
    const said = warnings.filter(({ kind }) => kind === "pipeline-invalid");
    assert.ok(said.length > 0 && said.length <= Object.keys(texts).length, `${said.length} lines`);
  });
});

test("the node answers others while an operator has it read the dearest pipelines that there are", async () => {
  await scene(async ({ operator, ask }) => {
    let read = 0;
    const asked = Array.from({ length: 6 }, () =>
      ask({ pipeline: DEAR }).then((code) => {
        if (code === "added") read += 1;
        return code;
      }),
    );
    await within(30_000, operator.totals(), "the totals");
    const readBefore = read;
    const codes = await Promise.all(asked);
    assert.ok(readBefore < read, "it answered before all were read");
    assert.ok(
      codes.every((code) => code === "added"),
      codes.join(),
    );
  });
});

test("an operator has a node open no file, device or protocol beyond its policy, and learns nothing of files", async () => {
  await scene(async ({ ask, root }) => {
    symlinkSync(join(root, ".."), join(root, "out"));
    const refused: Readonly<Record<string, readonly string[]>> = {
      "source-refused": [
        "/etc/passwd",
        "/etc/none",
        "../secret.mp4",
        "../none.mp4",
        "out/secret.mp4",
        "out/none.mp4",
        "/dev/video0",
        "/dev/stdin",
        "/proc/self/fd/0",
        "/proc/self/environ",
      ],
      "source-invalid": [
        "ftp://127.0.0.1/x",
        "file:///etc/passwd",
        "gopher://127.0.0.1/x",
        "unix:///run/docker.sock",
        "rtsp://admin:se/cret@cam/x",
        "http://cam/\u001b[2J",
        "a\nb",
        "test:99999x99999",
      ],
    };
    for (const [code, sources] of Object.entries(refused)) {
      for (const source of sources) assert.is(await ask({ source }), code, source);
    }
  });
});

test.run();
