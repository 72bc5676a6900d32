/** A member with an edge's token speaks for another edge's camera: nothing of it counts, and the camera's stream goes on. */

import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { MemoryStore } from "../../src/storage/results/memory-store.js";
import { startNode, type SluiceNode } from "../../src/node/node.js";
import { createVouch } from "../../src/node/vouching.js";
import type { DistributorMessage, TotalsReported } from "../../src/actors/protocol/distributor.js";
import { parseConfiguration } from "../../src/task/configuration.js";
import { parseNodeName, parseSourceId, type TaskId } from "../../src/task/identity.js";
import { systemClock } from "../../src/runtime/clock.js";
import { CodedError } from "../../src/runtime/errors.js";
import { silentLogger } from "../../src/runtime/log.js";
import { createActorSystem } from "../../src/runtime/system.js";
import { createWsCarrier } from "../../src/transport/carriers/ws.js";
import { joinCluster } from "../../src/transport/cluster/joiner.js";
import { createMemoryTokens } from "../../src/transport/security/memory-tokens.js";
import { PAIR, QUICK, SERVICES } from "../support/local-run.js";
import { scriptedSource } from "../support/scripted-source.js";
import { droppedTask, finishedTask } from "../support/tasks.js";
import { within } from "../support/within.js";
import { pause } from "../support/pause.js";

const CAMERA = parseSourceId("cam-1");
const ROGUE = "rogue";
/** How many tasks ahead of the camera the attack begins, and how many it is about. */
const AHEAD = 10;
const MANY = 12;

interface Rogue {
  readonly tell: (address: string, message: unknown) => void;
  readonly ask: (address: string, message: object) => Promise<unknown>;
  /** What the hub told it as it joined. */
  readonly secret: Uint8Array;
}

interface Scene {
  readonly cloud: SluiceNode;
  readonly edge: SluiceNode;
  readonly store: MemoryStore;
  readonly rogue: Rogue;
  readonly denied: () => number;
  readonly totals: () => Promise<TotalsReported>;
  /** Tasks that the camera is yet to make. */
  readonly next: () => Promise<readonly TaskId[]>;
  /** Waits until the camera has made all of these, ends it, and checks that each has its own result. */
  readonly untouched: (ids: readonly TaskId[]) => Promise<void>;
}

async function scene(work: (scene: Scene) => Promise<void>): Promise<void> {
  const tokens = createMemoryTokens();
  const token = () => tokens.create({ roles: ["edge"], grants: [], expiresAtMs: Number.POSITIVE_INFINITY });
  const store = new MemoryStore();
  const common = { services: SERVICES, limits: QUICK, log: silentLogger } as const;
  const cloud = await startNode({ ...common, name: "cloud", listen: "ws://127.0.0.1:0", tokens, store });
  const url = cloud.cluster?.url ?? "";
  const edge = await startNode({ ...common, name: "edge-1", join: url, token: token() });
  const system = createActorSystem({ name: ROGUE, log: silentLogger });
  const carrier = createWsCarrier({ clock: systemClock });
  const cluster = await joinCluster(system, { carrier, connect: { url }, token: token() });
  const { source, capture } = scriptedSource({ liveEveryMs: 10 });
  await edge.addSource({
    id: CAMERA,
    source,
    capture,
    pipeline: PAIR,
    configuration: parseConfiguration({ width: 16, height: 16, fps: 60, framesPerTask: 1 }),
    policy: { name: "cloud-only", parameters: {} },
    // On a slow machine none of its own tasks is a gap.
    window: { tasks: 10_000, bytes: 1 << 28 },
  });
  const made = async () => {
    const [ledger] = await edge.ledgers();
    assert.ok(ledger);
    return ledger;
  };
  try {
    await work({
      cloud,
      edge,
      store,
      rogue: {
        tell: (address, message) => system.resolve(address).tell(message),
        ask: (address, message) =>
          system
            .ask(system.resolve(address), (replyTo) => ({ ...message, replyTo }), { timeoutMs: 5_000 })
            .catch((error: unknown) => (error instanceof CodedError ? error.code : error)),
        secret: cluster.secret ?? new Uint8Array(32),
      },
      denied: () => cloud.cluster?.security[`denied:${ROGUE}`] ?? 0,
      totals: () =>
        cloud.system.ask<DistributorMessage, TotalsReported>(
          cloud.system.resolve("sluice://cloud/distributor"),
          (replyTo) => ({ type: "reportTotals", replyTo }),
        ),
      async next() {
        const { created, incarnation } = await made();
        const id = { sourceId: CAMERA, incarnation };
        return Array.from({ length: MANY }, (_, at) => ({ ...id, sequence: created + AHEAD + at }));
      },
      async untouched(ids) {
        const last = ids.at(-1)?.sequence ?? 0;
        await within(
          20_000,
          (async () => {
            while ((await made()).created <= last) await pause();
            await edge.drainSource(CAMERA);
          })(),
          "the camera",
        );
        const { records } = await store.read({ fromPosition: 0, limit: Infinity });
        for (const { sequence } of ids) {
          const record = records.find(({ id }) => id.sequence === sequence);
          assert.ok(record?.type === "result", `task ${sequence}: ${JSON.stringify(record)}`);
          assert.equal(Object.keys(record.results), ["find", "sift"], `task ${sequence} is forged`);
        }
      },
    });
  } finally {
    await cluster.leave();
    await system.terminate();
    await edge.terminate();
    await cloud.terminate();
  }
}

/** A result that nobody has computed, of a task of the camera that is not made yet. */
const forged = (id: TaskId, origin = `sluice://edge-1/source-${CAMERA}`) => ({
  ...finishedTask({ sequence: id.sequence, origin }),
  id,
});
const forgedDrop = (id: TaskId, origin = `sluice://edge-1/source-${CAMERA}`) => ({
  ...droppedTask({ sequence: id.sequence, origin }),
  id,
});

test("an edge that stores results of another's camera is refused, and counted", async () => {
  await scene(async ({ rogue, next, untouched, totals }) => {
    const ids = await next();
    for (const id of ids) rogue.tell("sluice://cloud/distributor", { type: "store", task: forged(id) });
    await untouched(ids);
    assert.is((await totals()).unvouched, MANY);
  });
});

test("an edge that hands another's tasks to the cloud with results of its own making is refused at the store", async () => {
  await scene(async ({ rogue, next, untouched, totals }) => {
    const ids = await next();
    for (const id of ids) {
      const task = { ...forged(id), cameFrom: null, pipelineId: PAIR.id, pipelineVersion: PAIR.version };
      rogue.tell("sluice://cloud/controller", { type: "submit", task, forwarded: 1 });
    }
    await untouched(ids);
    assert.is((await totals()).unvouched, MANY);
  });
});

test("an edge that drops another's tasks is refused, and nobody abandons them", async () => {
  await scene(async ({ rogue, next, untouched, totals }) => {
    const ids = await next();
    for (const id of ids) {
      const pinned = new Map([["find", { node: "cloud", ordinal: id.sequence }]]);
      // Under its own name, as the guard lets through no drop in another's.
      const drop = { ...forgedDrop(id), node: ROGUE, pins: pinned, joinNodes: new Map([["$end", "edge-1"]]) };
      rogue.tell("sluice://cloud/distributor", { type: "recordDrop", drop });
    }
    await untouched(ids);
    assert.is((await totals()).unvouched, MANY);
  });
});

test("an edge may abandon and settle no task, at the cloud or at another edge", async () => {
  await scene(async ({ rogue, next, untouched, denied, edge }) => {
    const ids = await next();
    for (const id of ids) {
      const abandon = { type: "abandon", id, delivery: 16, pipelineId: PAIR.id, pipelineVersion: 1 };
      for (const node of ["cloud", "edge-1"]) {
        rogue.tell(`sluice://${node}/controller`, { ...abandon, pins: new Map() });
      }
      const settled = { type: "taskSettled", id, outcome: { status: "stored" } };
      rogue.tell(`sluice://edge-1/source-${CAMERA}`, settled);
    }
    await untouched(ids);
    assert.is(denied(), MANY);
    assert.is(edge.cluster?.security[`denied:${ROGUE}`], 2 * MANY);
  });
});

test("an edge's own key vouches for no camera of another, under whichever address", async () => {
  await scene(async ({ rogue, next, untouched, totals }) => {
    const ids = await next();
    const vouch = createVouch(() => rogue.secret);
    for (const id of ids) {
      for (const node of ["edge-1", ROGUE]) {
        const task = forged(id, `sluice://${node}/source-${CAMERA}`);
        const voucher = vouch(task);
        rogue.tell("sluice://cloud/distributor", { type: "store", task: { ...task, voucher } });
      }
    }
    await untouched(ids);
    assert.is((await totals()).unvouched, 2 * MANY);
  });
});

test("a source stays its node's while that is away, and is free once it was removed", async () => {
  await scene(async ({ rogue, edge, cloud, store }) => {
    const register = () =>
      rogue.ask("sluice://cloud/scheduler", {
        type: "registerSource",
        source: {
          id: CAMERA,
          node: parseNodeName(ROGUE),
          pipeline: PAIR,
          configuration: { width: 16, height: 16, fps: 5, framesPerTask: 1, encoding: "rgb", quality: 80 },
          policy: { name: "edge-only", parameters: {} },
        },
      }) as Promise<{ readonly type: string }>;
    await edge.drainSource(CAMERA);
    const { source, capture } = scriptedSource({ liveEveryMs: 10 });
    await edge.addSource({ id: CAMERA, source, capture, pipeline: PAIR });
    const gone = new Promise<void>((resolve) => {
      cloud.cluster?.subscribe((event) => {
        if (event.type === "memberLeft" && event.member.name === "edge-1") resolve();
      });
    });
    await edge.terminate();
    await within(5_000, gone);
    assert.is((await register()).type, "policyRefused");
    const id = { sourceId: CAMERA, incarnation: 9e12, sequence: 0 };
    const task = forged(id, `sluice://${ROGUE}/source-${CAMERA}`);
    const voucher = createVouch(() => rogue.secret)(task);
    rogue.tell("sluice://cloud/distributor", { type: "store", task: { ...task, voucher } });
    // In order behind it.
    assert.is(await rogue.ask("sluice://cloud/nobody", {}), "actor-stopped");
    const { records } = await store.read({ fromPosition: 0, limit: Infinity });
    assert.not(records.some(({ id: { incarnation } }) => incarnation === id.incarnation));
    cloud.system
      .resolve("sluice://cloud/scheduler")
      .tell({ type: "removeSource", sourceId: CAMERA, node: "edge-1" }, "control");
    assert.is((await register()).type, "policySet");
  });
});

test.run();
