import { join } from "node:path";
import { readFileSync } from "node:fs";
import * as assert from "uvu/assert";
import { keepDeclaredSources, type DeclaredSource } from "../../src/operator/declared-sources.js";
import { createOperator } from "../../src/operator/operator.js";
import { startNode, type SluiceNode } from "../../src/node/node.js";
import { silentLogger } from "../../src/runtime/log.js";
import { SERVICES } from "../../src/services/catalogue.js";
import { MemoryStore } from "../../src/storage/results/memory-store.js";
import { parseNodeName, parseSourceId } from "../../src/task/identity.js";
import { REPOSITORY } from "../support/sources.js";
import { test } from "../support/test.js";
import { within } from "../support/within.js";

const PIPELINE = readFileSync(join(REPOSITORY, "apps/pipelines/default.yaml"), "utf8");
const CLOUD = parseNodeName("cloud");

function declared(id: string, source: string, knobs: Readonly<Record<string, unknown>> = {}): DeclaredSource {
  return {
    node: CLOUD,
    request: {
      id,
      source,
      pipeline: PIPELINE,
      pipelineName: "default.yaml",
      configuration: { fps: 5, ...knobs },
      policy: null,
      paced: false,
      limit: null,
    },
  };
}

const startHub = (store: MemoryStore): Promise<SluiceNode> =>
  startNode({
    name: "cloud",
    listen: "ws://127.0.0.1:0",
    store,
    services: SERVICES,
    log: silentLogger,
    tokens: null,
  });

async function withHub(
  store: MemoryStore,
  use: (scene: {
    readonly declare: (...sources: readonly DeclaredSource[]) => Promise<void>;
    readonly running: () => readonly string[];
    readonly hub: SluiceNode;
    readonly said: readonly string[];
  }) => Promise<void>,
  beforeWrite: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const hub = await startHub(store);
  try {
    const { system, cluster } = hub;
    if (cluster === null) throw new Error("it is no hub");
    const said: string[] = [];
    const operator = createOperator(system, cluster);
    const sources = await keepDeclaredSources({
      operator,
      state: {
        range: (kind) => store.state.range(kind),
        async write(changes) {
          await beforeWrite();
          await store.state.write(changes);
        },
      },
      say: (line) => said.push(line),
    });
    await use({
      hub,
      said,
      declare: (...given) => within(60_000, sources.declare(given), "the sources"),
      running: () => NAMES.filter((name) => hub.has(parseSourceId(name))),
    });
  } finally {
    await hub.terminate();
  }
}

/** Of the sources here, in order. */
const NAMES = ["bad", "clip", "gate", "yard"];
const SCENE = "test:64x36@5";

test("sources of the configuration run for as long as it names them, and go on where it is read again", () =>
  withHub(new MemoryStore(), async ({ declare, running, hub, said }) => {
    await declare(declared("gate", SCENE), declared("yard", SCENE));
    assert.equal(running(), ["gate", "yard"], said.join("\n"));
    const before = await hub.ledgers();
    await declare(declared("gate", SCENE));
    assert.equal(running(), ["gate"], said.join("\n"));
    const [after] = await hub.ledgers();
    assert.is(after?.incarnation, before.find(({ sourceId }) => sourceId === "gate")?.incarnation);
    assert.match(said.join("\n"), 'Source "yard" is no longer in the configuration');
  }));

test("a source that the configuration names otherwise is started again, so", () =>
  withHub(new MemoryStore(), async ({ declare, running, hub, said }) => {
    await declare(declared("gate", SCENE));
    const [before] = await hub.ledgers();
    await declare(declared("gate", SCENE, { fps: 2 }));
    assert.equal(running(), ["gate"], said.join("\n"));
    const [after] = await hub.ledgers();
    assert.ok((after?.incarnation ?? 0) > (before?.incarnation ?? 0));
    // Of the one that was ended to start it otherwise nothing is left that would keep it from being named so again.
    await declare(declared("gate", SCENE));
    assert.equal(running(), ["gate"]);
  }));

test("a source of the configuration that has come to its end is not started again, also by the next hub", async () => {
  const store = new MemoryStore();
  await withHub(store, async ({ declare, hub, running }) => {
    await declare(declared("clip", "test:64x36@5,duration=1"));
    await within(60_000, hub.sourceEnded(parseSourceId("clip")), "its end");
    await declare(declared("clip", "test:64x36@5,duration=1"));
    assert.equal(running(), []);
  });
  const { stored } = store.totals()["clip"] ?? { stored: 0 };
  assert.ok(stored > 0);
  await withHub(store, async ({ declare, running }) => {
    await declare(declared("clip", "test:64x36@5,duration=1"));
    assert.equal(running(), []);
    // Named otherwise it is another one.
    await declare(declared("clip", SCENE));
    assert.equal(running(), ["clip"]);
  });
});

test("a source that has ended is not started again by what was asked before its end could be kept", async () => {
  let letWrite = (): void => {};
  const mayWrite = new Promise<void>((resolve) => (letWrite = resolve));
  let hasStarted = (): void => {};
  const started = new Promise<void>((resolve) => (hasStarted = resolve));
  await withHub(
    new MemoryStore(),
    async ({ declare, hub, running, said }) => {
      const clip = declared("clip", "test:64x36@5,duration=1");
      const once = declare(clip);
      const again = declare(clip);
      await within(60_000, started, "its start");
      await within(60_000, hub.sourceEnded(parseSourceId("clip")), "its end");
      letWrite();
      await Promise.all([once, again]);
      assert.equal(running(), []);
      assert.is(said.filter((line) => line.includes("runs on")).length, 1, said.join("\n"));
    },
    () => {
      hasStarted();
      return mayWrite;
    },
  );
});

test("what cannot be started is said, and keeps no other source from starting", () =>
  withHub(new MemoryStore(), async ({ declare, running, said }) => {
    await declare(declared("bad", "/not/allowed.mp4"), declared("gate", SCENE));
    assert.equal(running(), ["gate"]);
    assert.match(
      said.join("\n"),
      'Cannot start source "bad" of the configuration on "cloud": Cannot open source',
    );
  }));

test.run();
