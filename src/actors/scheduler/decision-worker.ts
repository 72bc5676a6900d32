/** The program of the thread that asks policies: reads those of one's own, then decides one round after the other. */

import { parentPort, workerData } from "node:worker_threads";
import { errorText } from "../../runtime/errors.js";
import { delaySince, ownThreadName, threadDelay, type ThreadName } from "../../runtime/thread-time.js";
import { loadPolicies } from "../../scheduling/load-policies.js";
import { createPolicies, infoOf, type PolicyInfo, type PolicyRegistry } from "../../scheduling/policies.js";
import { decideRound, type RoundTools } from "../../scheduling/round.js";
import { decideShadows } from "../../scheduling/shadow-round.js";
import type { DecisionLimits } from "../../scheduling/ask-policy.js";
import type { BoundPolicy } from "../../scheduling/policy.js";
import type { DecisionEvent, DecisionPort } from "./decision-port.js";
import { checkPolicy } from "./inline-decisions.js";
import { writeProgress, type Progress } from "./thread-progress.js";

type ArgumentsOf<Method extends "check" | "decide"> = Parameters<DecisionPort[Method]>;

export interface DecisionWorkerData {
  /** Files with policies of one's own. */
  readonly files: readonly string[];
  readonly limits: DecisionLimits;
  readonly progress: Progress;
}

export type DecisionRequest =
  | { readonly type: "decide"; readonly given: ArgumentsOf<"decide"> }
  | { readonly type: "check"; readonly given: ArgumentsOf<"check"> };

export type DecisionWorkerEvent =
  /** The files are read from now on. */
  | { readonly type: "began"; readonly thread: ThreadName }
  | { readonly type: "ready"; readonly policies: readonly PolicyInfo[] }
  /** There is something wrong with a file of one's own; the thread ends. */
  | { readonly type: "broken"; readonly text: string }
  | Extract<DecisionEvent, { readonly type: "roundDecided" | "shadowsDecided" | "checked" }>
  /** All of a job is done. */
  | { readonly type: "done"; readonly job: number };

if (parentPort === null) throw new TypeError("decision-worker.js runs in a worker thread only");
const port = parentPort;
// Both ends of this port are this folder: decision-thread.ts sends nothing else.
const { files, limits, progress } = workerData as DecisionWorkerData;

function post(event: DecisionWorkerEvent): void {
  port.postMessage(event, []);
}

post({ type: "began", thread: ownThreadName() });
const policies = await readPolicies();
if (policies !== null) {
  port.on("message", (request: DecisionRequest) => {
    const [job] = request.given;
    if (request.type === "check") check(policies, request.given);
    else decide(policies, request.given);
    writeProgress(progress, { job, doing: "nothing", index: 0 });
    post({ type: "done", job });
  });
  post({ type: "ready", policies: [...infoOf(policies).values()] });
}

async function readPolicies(): Promise<PolicyRegistry | null> {
  try {
    const own: BoundPolicy[] = [];
    for (const file of files) own.push(...(await loadPolicies(file)));
    return createPolicies(own);
  } catch (thrown) {
    post({ type: "broken", text: errorText(thrown) });
    port.close();
    return null;
  }
}

function decide(registry: PolicyRegistry, [job, request]: ArgumentsOf<"decide">): void {
  const delayedMs = delaySince(threadDelay);
  const tools = (doing: "deciding" | "shadowing"): RoundTools => ({
    policies: registry,
    limits,
    monotonic: () => performance.now(),
    delayedMs,
    onTurn: (index) => writeProgress(progress, { job, doing, index }),
  });
  writeProgress(progress, { job, doing: "nothing", index: 0 });
  const { answers, seen } = decideRound(request, tools("deciding"));
  writeProgress(progress, { job, doing: "nothing", index: 0 });
  post({ type: "roundDecided", job, answers });
  if (seen.length > 0) {
    post({ type: "shadowsDecided", job, answers: decideShadows(seen, tools("shadowing")) });
  }
}

function check(registry: PolicyRegistry, [job, spec, scope]: ArgumentsOf<"check">): void {
  writeProgress(progress, { job, doing: "checking", index: 0 });
  post({ type: "checked", job, problem: checkPolicy(registry, spec, scope) });
}
