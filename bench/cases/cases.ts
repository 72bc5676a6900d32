/** All cases, in the order of their running. A new one is a file beside the others, and a line here. */

import type { BenchCase } from "../harness/case.js";
import { durable } from "./e2e/durable.js";
import { inference } from "./e2e/inference.js";
import { journal } from "./e2e/journal.js";
import { stage } from "./e2e/stage.js";
import { firstTask, member } from "./e2e/start-up.js";
import { remoteStage, twoProcesses } from "./e2e/two-processes.js";
import { idleCpu, idleHub, idleMemory } from "./scale/idle-nodes.js";
import { coldStart } from "./e2e/cold-start.js";
import { heapOfActor, spawnAndStop } from "./micro/actors.js";
import { ask } from "./micro/ask.js";
import { decision, decisionRound, decisionTrip, decisionWork } from "./micro/decision.js";
import { codecCases } from "./micro/codec.js";
import { fanOut, ring } from "./micro/ring.js";
import { tell, tellToParent } from "./micro/tell.js";
import { taskCases } from "./micro/task.js";
import { workerCases } from "./micro/worker.js";
import { hubRestart } from "./failover/hub-restart.js";
import { nodeKilled, nodeSilent } from "./failover/node-gone.js";
import { acknowledged } from "./swap/acknowledged.js";
import { coldSwap } from "./swap/cold-model.js";
import { firstResult } from "./swap/first-result.js";
import { newVersion } from "./swap/new-version.js";
import { randomSwaps } from "./swap/random.js";
import { wireAsk, wireAsk1MiB, wireAsk64KiB, wireAskMany } from "./wire/ask.js";

export const CASES: readonly BenchCase[] = [
  tell,
  tellToParent,
  ask,
  ring,
  fanOut,
  spawnAndStop,
  heapOfActor,
  ...codecCases,
  ...taskCases,
  ...workerCases,
  decision,
  decisionRound,
  decisionWork,
  decisionTrip,
  wireAsk,
  wireAskMany,
  wireAsk64KiB,
  wireAsk1MiB,
  stage,
  inference,
  remoteStage,
  twoProcesses,
  journal,
  durable,
  member,
  firstTask,
  idleHub,
  idleCpu,
  idleMemory,
  acknowledged,
  firstResult,
  randomSwaps,
  coldSwap,
  newVersion,
  nodeKilled,
  nodeSilent,
  hubRestart,
  coldStart,
];
