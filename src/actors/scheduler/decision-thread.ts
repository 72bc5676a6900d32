/**
 * Asks policies on a thread of its own, under a time limit: the hub goes on whatever they do.
 *
 * DT1 A policy that does not come back in time, ends its thread or takes all of its memory is told of, the thread is ended and
 *     another one started; so is whoever waited for it.
 * DT2 Files of one's own are read by a thread of their own: those in force stay until that one has them all and is well.
 */

import { Worker } from "node:worker_threads";
import { errorText } from "../../runtime/errors.js";
import { SluiceError } from "../../task/errors.js";
import { DECISION_LIMITS, type DecisionLimits } from "../../scheduling/ask-policy.js";
import { createPolicies, infoOf, type PolicyInfo } from "../../scheduling/policies.js";
import type { Culprit, DecisionListener, DecisionPort } from "./decision-port.js";
import type { DecisionRequest, DecisionWorkerData, DecisionWorkerEvent } from "./decision-worker.js";
import { createProgress, readProgress, type Doing, type Progress } from "./thread-progress.js";

export interface DecisionThreadOptions {
  /** Files with policies of one's own. Default none. */
  readonly files?: readonly string[];
  /** Default 200 ms a decision, 64 KiB of state a source. */
  readonly limits?: Partial<DecisionLimits>;
  /** What reading the files may take, in ms. Default 10,000. */
  readonly readMs?: number;
  /** Of the memory of the thread, in MiB. Default 256. */
  readonly memoryMiB?: number;
}

export interface DecisionThread extends DecisionPort {
  /**
   * Reads the files of one's own again, on a new thread that takes over once it is well.
   *
   * @throws SluiceError `policy-invalid`: the policies in force stay
   */
  reload(): Promise<void>;
  close(): Promise<void>;
}

/** One that is not done in so many times its limit is ended. Built-in policies end by themselves, on a busy machine later. */
const PATIENCE = { own: 1.5, builtIn: 10, nothing: 50 };
/** Looks at the thread in one limit; it must be seen to stand still at each of so many. */
const LOOKS = 4;
/** Between one thread that ended by itself and the next, in ms. */
const RESTART_MS = 100;

interface Thread {
  readonly worker: Worker;
  readonly progress: Progress;
  readonly policies: ReadonlyMap<string, PolicyInfo>;
  /** Sent and not done, oldest first. */
  readonly jobs: DecisionRequest[];
}

/** Starts the thread. @throws SluiceError `policy-invalid` where a file cannot be read, or holds no policies */
export async function openDecisionThread(options: DecisionThreadOptions = {}): Promise<DecisionThread> {
  const { files = [], readMs = 10_000, memoryMiB = 256 } = options;
  const limits = { ...DECISION_LIMITS, ...options.limits };
  let listener: DecisionListener = { tell: () => {}, monotonic: () => 0 };
  let current: Thread | null = null;
  /** Waits for a thread. */
  const waiting: DecisionRequest[] = [];
  let isClosed = false;
  let watching: NodeJS.Timeout | null = null;

  const start = (): Promise<Thread> => startThread({ files, limits, readMs, memoryMiB });

  const use = (thread: Thread): void => {
    current = thread;
    thread.worker.on("message", (event: DecisionWorkerEvent) => onEvent(thread, event));
    let why = "it ended its thread";
    thread.worker.on("error", (error) => (why = `it ended its thread: ${errorText(error)}`));
    thread.worker.on("exit", () => lose(thread, why));
    for (const request of waiting.splice(0)) send(request);
  };

  const send = (request: DecisionRequest): void => {
    if (current === null) {
      waiting.push(request);
      return;
    }
    current.jobs.push(request);
    current.worker.postMessage(request, []);
    watching ??= watch(current);
  };

  const onEvent = (thread: Thread, event: DecisionWorkerEvent): void => {
    if (thread !== current) return;
    if (event.type === "done") {
      thread.jobs.shift();
      if (thread.jobs.length === 0) stopWatching();
    } else if (event.type !== "ready" && event.type !== "broken") {
      listener.tell(event);
    }
  };

  const stopWatching = (): void => {
    if (watching !== null) clearInterval(watching);
    watching = null;
  };

  /** Ends a thread that stands still for too long. */
  const watch = (thread: Thread): NodeJS.Timeout => {
    let before = readProgress(thread.progress);
    let stillLooks = 0;
    return setInterval(() => {
      const now = readProgress(thread.progress);
      stillLooks = now.stamp === before.stamp ? stillLooks + 1 : 0;
      before = now;
      if (stillLooks < LOOKS * patienceWith(thread, now)) return;
      lose(thread, `it took longer than ${limits.decisionMs} ms and was ended`);
    }, limits.decisionMs / LOOKS).unref();
  };

  const lose = (thread: Thread, text: string): void => {
    if (thread !== current) return;
    current = null;
    stopWatching();
    const culprit = culpritOf(thread, readProgress(thread.progress));
    void thread.worker.terminate();
    for (const { type, given } of thread.jobs) {
      const [job] = given;
      if (type === "check") listener.tell({ type: "checked", job, problem: { text: `Cannot start policy: ${text}` } });
      else listener.tell({ type: "roundLost", job, culprit, text });
    }
    if (!isClosed) void restart();
  };

  /** What is wrong with the files now was not when they were read: all other policies decide meanwhile. */
  const withoutOwn = async (error: unknown): Promise<Thread | null> => {
    listener.tell({ type: "policiesRead", problem: errorText(error) });
    return await startThread({ files: [], limits, readMs, memoryMiB }).catch(() => null);
  };

  const restart = async (): Promise<void> => {
    while (!isClosed && current === null) {
      const thread = await start().catch(withoutOwn);
      if (isClosed) return void thread?.worker.terminate();
      if (thread !== null) return use(thread);
      await new Promise((resolve) => setTimeout(resolve, RESTART_MS).unref());
    }
  };

  use(await start());
  return {
    get policies() {
      return current?.policies ?? BUILT_IN;
    },
    attach: (to) => void (listener = to),
    decide: (...given) => send({ type: "decide", given }),
    check: (...given) => send({ type: "check", given }),
    async reload() {
      const next = await start();
      const before = current;
      current = null;
      stopWatching();
      void before?.worker.terminate();
      waiting.push(...(before?.jobs ?? []));
      use(next);
      listener.tell({ type: "policiesRead", problem: null });
    },
    async close() {
      isClosed = true;
      const thread = current;
      current = null;
      stopWatching();
      await thread?.worker.terminate();
    },
  };
}

const BUILT_IN = infoOf(createPolicies());

/** @throws SluiceError `policy-invalid` */
async function startThread({
  files,
  limits,
  readMs,
  memoryMiB,
}: Required<DecisionThreadOptions> & { readonly limits: DecisionLimits }): Promise<Thread> {
  const progress = createProgress();
  const workerData: DecisionWorkerData = { files, limits, progress };
  const worker = new Worker(new URL("./decision-worker.js", import.meta.url), {
    workerData,
    name: "policies",
    resourceLimits: { maxOldGenerationSizeMb: memoryMiB },
  });
  // Nobody waits for it who wants to end.
  worker.unref();
  worker.on("error", () => {});
  return await new Promise((resolve, reject) => {
    const refuse = (text: string): void => {
      clearTimeout(late);
      void worker.terminate();
      reject(new SluiceError(text, { code: "policy-invalid", details: { files } }));
    };
    const named = files.map((file) => `"${file}"`).join(", ");
    const late = setTimeout(
      () => refuse(`Cannot use the policies of ${named}: reading them took longer than ${readMs} ms`),
      readMs,
    );
    worker.once("error", (error) => refuse(`Cannot use the policies of ${named}: ${errorText(error)}`));
    worker.once("exit", () => refuse(`Cannot use the policies of ${named}: reading them ended the thread`));
    worker.once("message", (event: DecisionWorkerEvent) => {
      if (event.type === "broken") refuse(event.text);
      if (event.type !== "ready") return;
      clearTimeout(late);
      const policies = new Map(event.policies.map((info) => [info.name, info]));
      resolve({ worker, progress, policies, jobs: [] });
    });
  });
}

/** How many times its limit a thread may stand still. */
function patienceWith(thread: Thread, doing: Doing): number {
  const culprit = culpritOf(thread, doing);
  if (culprit === null) return PATIENCE.nothing;
  return thread.policies.get(culprit.policy)?.own === false ? PATIENCE.builtIn : PATIENCE.own;
}

/** Whose turn it is. */
function culpritOf({ jobs: [request] }: Thread, { job, doing, index }: Doing): Culprit | null {
  if (request === undefined || request.given[0] !== job) return null;
  if (request.type === "check") {
    return doing === "checking" ? { policy: request.given[1].name, source: null, isShadow: false } : null;
  }
  const turn = request.given[1].turns[index];
  if (turn === undefined) return null;
  const { source, shadow } = turn;
  if (doing === "deciding") return { policy: source.policy.name, source: source.id, isShadow: false };
  if (doing !== "shadowing" || shadow === null) return null;
  return { policy: shadow.policy.name, source: source.id, isShadow: true };
}
