/** Tasks of 100 kB whose stages run in the process of their source, or in that of the hub. */

import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import {
  controllerAddress,
  type ControllerMessage,
  type QueuesReported,
} from "../../../src/actors/protocol/controller.js";
import type { PolicyReply, SchedulerMessage } from "../../../src/actors/protocol/scheduler.js";
import { startNode, type SluiceNode } from "../../../src/node/node.js";
import { silentLogger } from "../../../src/runtime/log.js";
import { DEFAULT_CONFIGURATION } from "../../../src/task/configuration.js";
import { parseSourceId, type SourceId } from "../../../src/task/identity.js";
import type { Pipeline } from "../../../src/task/pipeline.js";
import type { BenchCase, Goal, Round, Subject } from "../../harness/case.js";
import { attachLoad, NOOP_SERVICES, noopChain, type Load } from "../cluster/load.js";
import { SharedScene } from "../cluster/shared-scene.js";
import { ended } from "../cluster/start-nodes.js";
import { OURS } from "../micro/systems.js";

const SIZE = { width: 182, height: 183 };
const FRAME = new Uint8Array(new SharedArrayBuffer(SIZE.width * SIZE.height * 3));
const HERE = "edge-1";
const HUB = "cloud";
const EXCLUDES = "inference, networks, a store on disk";

export const remoteStage: BenchCase = {
  name: "e2e/remote-stage",
  kind: "latency",
  operation: "tasks",
  measures:
    "A task of 100 kB, one at a time, whose no-op stage is in the hub's process, from its making to its settling.",
  excludes: EXCLUDES,
  goals: [{ statistic: "value", against: "difference", atMost: 0.15 } satisfies Goal],
  subjects: [
    subject(`${OURS}, stage at the hub`, [HUB], oneByOne),
    subject("stage beside the source", [HERE], oneByOne),
  ],
};

export const twoProcesses: BenchCase = {
  name: "e2e/two-processes",
  kind: "rate",
  operation: "tasks",
  measures:
    "Tasks of 100 kB through two no-op stages, the first beside the source and the second in the hub's process, 32 under way.",
  excludes: EXCLUDES,
  goals: [{ statistic: "value", atLeast: 5_000 }],
  subjects: [
    subject(`${OURS}, over two processes`, [HERE, HUB], manyAtOnce),
    subject("both beside the source", [HERE, HERE], manyAtOnce),
  ],
};

async function oneByOne(load: Load, round: Round): Promise<void> {
  do for (const us of await load.run(20, 1)) round.took(us / 1_000);
  while (!round.over);
}

async function manyAtOnce(load: Load, round: Round): Promise<void> {
  do {
    const startedMs = performance.now();
    const settled = await load.run(200, 32);
    round.did(settled.length, performance.now() - startedMs);
  } while (!round.over);
}

const scene = new SharedScene(async () => {
  const child: ChildProcess = fork(fileURLToPath(new URL("hub-program.js", import.meta.url)));
  const url = await new Promise<string>((resolve) => void child.once("message", resolve));
  const edge = await startNode({ name: HERE, join: url, services: NOOP_SERVICES, log: silentLogger });
  return {
    edge,
    async close() {
      await edge.terminate();
      await ended(child);
    },
  };
});

function subject(
  name: string,
  nodes: readonly string[],
  work: (load: Load, round: Round) => Promise<void>,
): Subject {
  return {
    name,
    async open() {
      const { edge } = await scene.use();
      const pipeline = noopChain(nodes.length);
      const sourceId = parseSourceId(`bench-${nodes.join("-")}`);
      const load = attachLoad(edge, { sourceId, pipeline, frame: FRAME, size: SIZE });
      await place(edge, {
        id: sourceId,
        pipeline,
        placement: Object.fromEntries(nodes.map((node, at) => [`s${at}`, node])),
      });
      await load.run(200, 4);
      return { run: (round) => work(load, round), close: () => scene.release() };
    },
  };
}

interface Placed {
  readonly id: SourceId;
  readonly pipeline: Pipeline;
  readonly placement: Readonly<Record<string, string>>;
}

/** Names the stages' nodes to the scheduler, and waits until this node routes so. */
async function place(node: SluiceNode, { id, pipeline, placement }: Placed): Promise<void> {
  const { system } = node;
  const scheduler = system.resolve<SchedulerMessage>(`sluice://${HUB}/scheduler`);
  const policy = { name: "fixed", parameters: { placement } };
  const source = { id, node: node.name, pipeline, configuration: DEFAULT_CONFIGURATION, policy };
  const before = await epochOf(node);
  const reply = await system.ask<SchedulerMessage, PolicyReply>(
    scheduler,
    (replyTo) => ({ type: "registerSource", source, replyTo }),
    { lane: "control" },
  );
  if (reply.type === "policyRefused") throw reply.error;
  while ((await epochOf(node)) === before) await new Promise((resolve) => void setTimeout(resolve, 1));
}

async function epochOf({ name, system }: SluiceNode): Promise<number> {
  const controller = system.resolve<ControllerMessage>(controllerAddress(name));
  const { epoch } = await system.ask<ControllerMessage, QueuesReported>(controller, (replyTo) => ({
    type: "reportQueues",
    replyTo,
  }));
  return epoch;
}
