/** The public API as its users meet it: everything comes from `src/index.js`. */

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "./support/test.js";
import * as assert from "uvu/assert";
import * as runtime from "../src/runtime/index.js";
import * as sluice from "../src/index.js";
import {
  auditLedgersOf,
  auditRun,
  bindPolicy,
  connectOperator,
  definePipeline,
  iterateRecords,
  offering,
  openStore,
  parseConfiguration,
  parseSource,
  parseSourceId,
  recordsByPosition,
  silentLogger,
  SluiceError,
  startLocalCluster,
  startNode,
  windowsOf,
  type Behaviour,
  type BoundPolicy,
  type LedgerReported,
  type NodeEvent,
  type Policy,
  type ServiceDeclaration,
  type StoredRecord,
  type SubscriptionEvent,
} from "../src/index.js";
import { pause } from "./support/pause.js";
import { publicTypes } from "./support/public-types.js";
import { within } from "./support/within.js";

const nothing: ServiceDeclaration = {
  name: "nothing",
  summary: "Finds nothing",
  inputs: ["frame"],
  output: "boxes",
  stateful: false,
  module: new URL("./support/services/noop.js", import.meta.url).href,
};
const services = new Map([[nothing.name, nothing]]);
const pipeline = definePipeline({ id: "blank", stages: [{ id: "look", service: "nothing" }] }, services);
const source = parseSource("test:64x48@10,duration=2");
const configuration = parseConfiguration({ resolution: "64x48", fps: 10, framesPerTask: 5 });

/** A researcher's policy, with a parameter and a state: `first`, and every other time elsewhere. */
const alternate: Policy<{ readonly first: string }, { readonly first: string; readonly turns: number }> = {
  name: "alternate",
  parse(parameters) {
    const { first } = parameters as { readonly first?: unknown };
    if (typeof first === "string") return { first };
    throw new SluiceError('Cannot use policy "alternate" as "first" must name a node', {
      code: "policy-invalid",
    });
  },
  start: ({ first }) => ({ first, turns: 0 }),
  decide({ first, turns }, view) {
    const placement = view.source.pipeline.stages.map(({ id, service }) => {
      const nodes = offering(view, service).map(({ description }) => description.name);
      return [id, nodes.toSorted((a, b) => Number(b === first) - Number(a === first))] as const;
    });
    return {
      state: { first, turns: turns + 1 },
      plan: { configuration: view.source.configuration, placement: new Map(placement) },
      why: { reason: `turn ${turns}`, inputs: { first } },
    };
  },
};

/** An actor-runtime user's actor, at home beside the components: keeps what the store says. */
function keeper(onRecord: (record: StoredRecord) => void): Behaviour<null, SubscriptionEvent> {
  return {
    start: () => null,
    receive(state, event) {
      if (event.type === "record") onRecord(event.record);
      return state;
    },
  };
}

test("startLocalCluster runs a source by a policy, a service and an actor of the user's own", async () => {
  const policies: readonly BoundPolicy[] = [bindPolicy(alternate)];
  const store = await openStore("memory:");
  const events: NodeEvent[] = [];
  const cluster = await startLocalCluster({
    store,
    services,
    policies,
    log: silentLogger,
    onEvent: (event) => events.push(event),
  });
  try {
    const followed: StoredRecord[] = [];
    const kept = cluster.cloud.system.spawn(
      keeper((record) => followed.push(record)),
      { name: "keeper" },
    );
    const unfollow = cluster.follow(0, null, (event) => kept.tell(event));
    const id = parseSourceId("pattern");
    const asked = { id, source, pipeline, configuration };
    const policy = { name: "alternate", parameters: { first: "cloud" } };

    const refusal = await cluster
      .addSource({ ...asked, policy: { ...policy, parameters: {} } })
      .catch((error: unknown) => error);
    assert.ok(refusal instanceof SluiceError && refusal.code === "policy-invalid");

    // Once more under the name of one that was refused, and then of one that has ended.
    for (const round of [1, 2]) {
      await cluster.addSource({ ...asked, policy });
      const { table, explanations } = await cluster.table();
      assert.is(table?.sources.get(id)?.pipelineId, pipeline.id, `round ${round}`);
      assert.equal(explanations[id]?.inputs, { first: "cloud" });
      const twice = await cluster.addSource(asked).catch((error: unknown) => error);
      assert.ok(twice instanceof SluiceError && twice.code === "source-invalid");
      await within(10_000, cluster.sourcesEnded(), "the source");
    }

    const stored: StoredRecord[] = [];
    for await (const record of iterateRecords(store)) stored.push(record);
    assert.equal(
      stored.map(({ type, id: task }) => `${type} ${task.sequence}`),
      [1, 2].flatMap(() => [...[0, 1, 2, 3].map((sequence) => `result ${sequence}`), "closed 4"]),
    );
    // A follower is told after the store has it.
    const told = async (): Promise<void> => {
      while (followed.length < stored.length) await pause();
    };
    await within(10_000, told(), "the follower");
    assert.equal(followed, stored);
    unfollow();
    // What is told of a source comes through an actor of its own.
    const ended = () => events.filter((event) => event.type === "sourceEnded");
    const heard = async (): Promise<void> => {
      while (ended().length < 2) await pause();
    };
    await within(10_000, heard(), "the events");
    assert.equal(
      ended().map(({ error, ledger }): unknown => [error, ledger.created, ledger.stored, ledger.inFlight]),
      [1, 2].map(() => [null, 4, 4, 0]),
    );
  } finally {
    await cluster.terminate();
    await store.close();
  }
});

test("startNode: one cloud node is a cluster, and a source needs no more than what it is and where it goes", async () => {
  const store = await openStore("memory:");
  const node = await startNode({ name: "alone", services, store, log: silentLogger });
  const id = parseSourceId("pattern");
  await node.sourceEnded(id);
  await node.addSource({ id, source, pipeline });
  await within(10_000, node.sourceEnded(id), "the source");
  assert.equal(store.totals()["pattern"], { stored: 5, dropped: {} });
  await node.terminate();
  await store.close();
});

test("connectOperator: a program runs a source, reads its results and audits them, as the command line does", async () => {
  const store = await openStore("memory:");
  const hub = await startNode({
    name: "cloud",
    listen: "ws://127.0.0.1:0",
    services,
    store,
    log: silentLogger,
  });
  const operator = await connectOperator({ hub: hub.cluster?.url ?? "", token: null });
  try {
    const agent = operator.agent(hub.name);
    const ended = new Promise<LedgerReported>((resolve) => {
      agent.watchEvents((event) => {
        if (event.type === "sourceEnded") resolve(event.ledger);
      });
    });
    await agent.addSource({
      id: "pattern",
      source: "test:64x48@10,duration=2",
      pipeline: "pipeline: blank\nstages:\n  look: { service: nothing }\n",
      pipelineName: "blank.yaml",
      configuration: { resolution: "64x48", fps: 10, framesPerTask: 5 },
      policy: null,
      paced: false,
      limit: null,
    });
    const ledger = await within(10_000, ended, "the source");
    const records: StoredRecord[] = [];
    for await (const record of iterateRecords(operator)) records.push(record);
    assert.equal(
      records.map(({ type, id }) => `${type} ${id.sequence}`),
      [...[0, 1, 2, 3].map((sequence) => `result ${sequence}`), "closed 4"],
    );
    const report = await auditRun({
      records: recordsByPosition(store, 0),
      ledgers: auditLedgersOf(ledger),
      windows: windowsOf([ledger]),
    });
    assert.equal([report.records, report.findings], [5, []]);
    assert.equal(
      (await operator.nodes()).nodes.map(({ description }) => description.name),
      ["cloud"],
    );
  } finally {
    await operator.close();
    await hub.terminate();
    await store.close();
  }
});

test("src/index.ts has all of src/runtime/index.ts, and package.json exports both", () => {
  for (const [name, value] of Object.entries(runtime)) assert.is(Reflect.get(sluice, name), value, name);
  const manifest = JSON.parse(
    readFileSync(fileURLToPath(new URL("../../package.json", import.meta.url)), "utf8"),
  ) as { readonly exports: Readonly<Record<string, { readonly types: string; readonly default: string }>> };
  assert.equal(
    Object.entries(manifest.exports).map(([name, { types, default: file }]) => [name, types, file]),
    [
      [".", "./dist/src/index.d.ts", "./dist/program/index.js"],
      ["./runtime", "./dist/src/runtime/index.d.ts", "./dist/program/runtime.js"],
    ],
  );
});

test("every type that a declaration of src/index.ts names is exported by src/index.ts", () => {
  const { exported, named } = publicTypes("src/index");
  assert.ok(named.size > 200, `${named.size} names`);
  const missing = [...named].flatMap(([name, types]) =>
    types
      // What the runtime keeps to itself, its own index says.
      .filter((type) => !exported.has(type) && !type.startsWith("src/runtime/"))
      .map((type) => `${name} names ${type}`),
  );
  assert.equal(missing, []);
});

test("every name that src/index.ts exports says what it is", () => {
  assert.equal(publicTypes("src/index").silent, []);
});

test("the declarations of both entry points compile without skipLibCheck and without Node's types", () => {
  const tsc = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));
  const entries = ["../src/index.d.ts", "../src/runtime/index.d.ts"].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  const options = ["--target", "es2023", "--module", "node20", "--strict", "--noEmit", "--ignoreConfig"];
  const { status, stdout } = spawnSync(
    process.execPath,
    [tsc, ...options, "--types", "", "--skipLibCheck", "false", ...entries],
    { encoding: "utf8" },
  );
  assert.equal([status, stdout], [0, ""]);
});

test("src/index.ts exports no message between components", () => {
  const { exported } = publicTypes("src/index");
  assert.equal(
    [...exported].filter((type) => /^src\/actors\/protocol\/\w+ \w+(?:Message|Reply|Answer)$/.test(type)),
    [],
  );
});

test.run();
