/**
 * Asks policies on a thread of its own, under a time limit: the hub goes on whatever they do.
 *
 * DT1 A policy that does not come back in time, ends its thread or takes all of its memory is told of, the thread is ended and
 *     another one started; so is whoever waited for it.
 * DT2 Files of one's own are read by a thread of their own: those in force stay until that one has them all and is well.
 */

import { Worker } from "node:worker_threads";
import { errorText } from "../../runtime/errors.js";
import { watchThreadTime } from "../../runtime/thread-time.js";
import { SluiceError } from "../../task/errors.js";
import { BUILT_IN_TIMES, DECISION_LIMITS, type DecisionLimits } from "../../scheduling/ask-policy.js";
import { createPolicies, infoOf, type PolicyInfo } from "../../scheduling/policies.js";
import { noPolicyFile } from "./inline-decisions.js";
import type { Culprit, DecisionListener, DecisionPort } from "./decision-port.js";
import type { DecisionRequest, DecisionWorkerData, DecisionWorkerEvent } from "./decision-worker.js";
import { createProgress, readProgress, type Doing, type Progress } from "./thread-progress.js";

export interface DecisionThreadOptions {
  /** Files with policies of one's own. Default none. */
  readonly files?: readonly string[];
  /** Default 200 ms a decision, 64 KiB of state a source. */
  readonly limits?: Partial<DecisionLimits>;
  /** What reading the files may take of a processor, in ms, and a fifteenth of what it may take by the clock. Default 20,000. */
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

/** One that is not done in so many times its limit is ended. */
const PATIENCE = { own: 1.5, builtIn: BUILT_IN_TIMES, nothing: 50 };
/** Looks at the thread in one limit; it must be seen to stand still at each of so many. */
const LOOKS = 4;
/** How much longer than its time of a processor reading may take by the clock: files that wait for nothing are ended, too. */
const READING_PATIENCE = 15;
/** Looks at a thread while it takes its time of a processor for reading. */
const READING_LOOKS = 20;
/** Between one thread that ended by itself and the next, in ms. */
const RESTART_MS = 100;

type Settings = Required<Omit<DecisionThreadOptions, "limits">> & { readonly limits: DecisionLimits };

interface Thread {
  readonly worker: Worker;
  readonly progress: Progress;
  readonly policies: ReadonlyMap<string, PolicyInfo>;
  /** Sent and not done, oldest first. */
  readonly jobs: DecisionRequest[];
}

/** Starts the thread. @throws SluiceError `policy-invalid` where a file cannot be read, or holds no policies */
export async function openDecisionThread(options: DecisionThreadOptions = {}): Promise<DecisionThread> {
  const { files = [], readMs = 20_000, memoryMiB = 256 } = options;
  const settings = { files, readMs, memoryMiB, limits: { ...DECISION_LIMITS, ...options.limits } };
  return new WatchedThread(settings, await startThread(settings));
}

class WatchedThread implements DecisionThread {
  readonly trusted = BUILT_IN;
  readonly limits: DecisionLimits;
  readonly #settings: Settings;
  /** Waits for a thread. */
  readonly #waiting: DecisionRequest[] = [];
  #current: Thread | null = null;
  #listener: DecisionListener = { tell: () => {}, monotonic: () => 0 };
  #watching: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(settings: Settings, first: Thread) {
    this.#settings = settings;
    this.limits = settings.limits;
    this.#use(first);
  }

  get policies(): ReadonlyMap<string, PolicyInfo> {
    return this.#current?.policies ?? infoOf(BUILT_IN);
  }

  attach(listener: DecisionListener): void {
    this.#listener = listener;
  }

  decide(...given: Parameters<DecisionPort["decide"]>): void {
    this.#send({ type: "decide", given });
  }

  check(...given: Parameters<DecisionPort["check"]>): void {
    this.#send({ type: "check", given });
  }

  async reload(): Promise<void> {
    if (this.#settings.files.length === 0) throw noPolicyFile();
    const next = await startThread(this.#settings);
    const before = this.#leave();
    if (this.#closed) {
      void next.worker.terminate();
      return;
    }
    this.#waiting.push(...(before?.jobs ?? []));
    this.#use(next);
    this.#listener.tell({ type: "policiesRead", problem: null });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#leave()?.worker.terminate();
  }

  #use(thread: Thread): void {
    const { worker } = thread;
    this.#current = thread;
    worker.on("message", (event: DecisionWorkerEvent) => this.#on(thread, event));
    let why = "ended its thread";
    worker.on("error", (error) => (why = `ended its thread: ${errorText(error)}`));
    worker.on("exit", () => this.#lose(thread, why));
    for (const request of this.#waiting.splice(0)) this.#send(request);
  }

  /** Ends the thread. @returns what was there */
  #leave(): Thread | null {
    const thread = this.#current;
    this.#current = null;
    this.#stopWatching();
    void thread?.worker.terminate();
    return thread;
  }

  #send(request: DecisionRequest): void {
    const thread = this.#current;
    if (thread === null) {
      this.#waiting.push(request);
      return;
    }
    thread.jobs.push(request);
    thread.worker.postMessage(request, []);
    this.#watching ??= this.#watch(thread);
  }

  #on(thread: Thread, event: DecisionWorkerEvent): void {
    if (thread !== this.#current) return;
    // What is told of the reading of files is heard where the thread is started.
    if (event.type === "began" || event.type === "ready" || event.type === "broken") return;
    if (event.type !== "done") {
      this.#listener.tell(event);
      return;
    }
    thread.jobs.shift();
    if (thread.jobs.length === 0) this.#stopWatching();
  }

  /** Ends a thread that stands still for too long. */
  #watch(thread: Thread): NodeJS.Timeout {
    const { decisionMs } = this.limits;
    let before = readProgress(thread.progress);
    let stillLooks = 0;
    const look = (): void => {
      const now = readProgress(thread.progress);
      stillLooks = now.stamp === before.stamp ? stillLooks + 1 : 0;
      before = now;
      if (stillLooks < LOOKS * patienceWith(thread, now)) return;
      this.#lose(thread, `took longer than ${decisionMs} ms and was ended`);
    };
    return setInterval(look, decisionMs / LOOKS).unref();
  }

  #stopWatching(): void {
    if (this.#watching !== null) clearInterval(this.#watching);
    this.#watching = null;
  }

  #lose(thread: Thread, text: string): void {
    if (thread !== this.#current) return;
    const culprit = culpritOf(thread, readProgress(thread.progress));
    this.#leave();
    for (const { type, given } of thread.jobs) {
      const [job] = given;
      const problem = { text: `Cannot start policy "${culprit?.policy ?? "?"}": it ${text}` };
      if (type === "check") this.#listener.tell({ type: "checked", job, problem });
      else this.#listener.tell({ type: "roundLost", job, culprit, text });
    }
    void this.#restart();
  }

  async #restart(): Promise<void> {
    while (!this.#closed && this.#current === null) {
      const thread = await this.#startSome();
      if (thread !== null && !this.#closed) this.#use(thread);
      else if (thread !== null) void thread.worker.terminate();
      else await new Promise((resolve) => setTimeout(resolve, RESTART_MS).unref());
    }
  }

  /** What is wrong with the files now was not when they were read: all other policies decide meanwhile. */
  async #startSome(): Promise<Thread | null> {
    try {
      return await startThread(this.#settings);
    } catch (error) {
      this.#listener.tell({ type: "policiesRead", problem: errorText(error) });
    }
    try {
      return await startThread({ ...this.#settings, files: [] });
    } catch {
      // The machine has no room for a thread now: it is tried again.
      return null;
    }
  }
}

const BUILT_IN = createPolicies();

/** @throws SluiceError `policy-invalid` */
async function startThread({ files, limits, readMs, memoryMiB }: Settings): Promise<Thread> {
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
    const named = files.map((file) => `"${file}"`).join(", ");
    let leave = (): void => {};
    const settle = (): void => {
      clearTimeout(late);
      worker.off("message", onMessage);
      leave();
    };
    const refuse = (text: string): void => {
      settle();
      void worker.terminate();
      reject(new SluiceError(text, { code: "policy-invalid", details: { files } }));
    };
    const tooLong = (): void =>
      refuse(`Cannot use the policies of ${named}: reading them took longer than ${readMs} ms`);
    const late = setTimeout(tooLong, READING_PATIENCE * readMs);
    worker.once("error", (error) => refuse(`Cannot use the policies of ${named}: ${errorText(error)}`));
    worker.once("exit", () => refuse(`Cannot use the policies of ${named}: reading them ended the thread`));
    const onMessage = (event: DecisionWorkerEvent): void => {
      if (event.type === "began") {
        const limit = { limitMs: readMs, lookMs: readMs / READING_LOOKS };
        leave = watchThreadTime(event.thread, limit, tooLong);
        return;
      }
      if (event.type === "broken") refuse(event.text);
      if (event.type !== "ready") return;
      settle();
      const policies = new Map(event.policies.map((info) => [info.name, info]));
      resolve({ worker, progress, policies, jobs: [] });
    };
    worker.on("message", onMessage);
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
