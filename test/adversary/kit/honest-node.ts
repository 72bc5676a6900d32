/** The handle of an honest node: asked how it is, stopped still, killed; gone with the program that started it. */

import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { within } from "../../support/within.js";

const PROGRAM = fileURLToPath(new URL("../programs/honest-node.js", import.meta.url));

export interface HonestOptions {
  readonly name: string;
  readonly listen?: string;
  /** Of a hub: the folder of its results, `memory:` without one, and of its tokens. */
  readonly store?: string;
  readonly tokens?: string;
  /** Of a hub: whether it has a page, and answers over HTTP. */
  readonly web?: boolean;
  /** Of an edge. */
  readonly join?: string;
  readonly token?: string;
  readonly journal?: string;
  readonly source?: { readonly id: string; readonly policy: string; readonly deadlineMs?: number };
  /** How far its clock is off, in ms. */
  readonly clockOffMs?: number;
}

export interface HonestReport {
  readonly type: "report";
  /** What was refused, by kind, and by kind and member. */
  readonly security: Readonly<Record<string, number>>;
  readonly deadLetters: Readonly<Record<string, number>>;
  /** Tasks that its controller dropped, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** What the store of the hub did not take, by what was wrong with it; empty of an edge. */
  readonly store: Readonly<Record<string, number>>;
  /** Actors that failed, and on what. */
  readonly failures: readonly string[];
  readonly members: readonly string[];
}

interface Heard {
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface HonestNode {
  readonly name: string;
  readonly pid: number;
  /** How it ended; null while it runs. */
  readonly ended: string | null;
  /** Resolves once it has ended, or was put out for good. */
  readonly gone: Promise<void>;
  /** What it has told, in order. */
  readonly told: readonly Heard[];
  /** Resolves with what it tells of this type, from the `from`-th on. @throws where it ends before */
  heard(type: string, from?: number): Promise<Heard>;
  report(): Promise<HonestReport>;
  signal(name: NodeJS.Signals): void;
  kill(): Promise<void>;
}

const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export function startHonestNode(options: HonestOptions): HonestNode {
  const child = fork(PROGRAM, [], {
    env: { ...process.env, SLUICE_ADVERSARY_NODE: JSON.stringify(options) },
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  running.add(child);
  let words = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (words = (words + text).slice(-2_000)));
  const told: Heard[] = [];
  const waiting = new Set<() => void>();
  let ended: string | null = null;
  const look = (): void => {
    for (const see of waiting) see();
  };
  const { promise: gone, resolve: leave } = withResolvers();
  child.on("message", (message) => {
    const heardNow = message as Heard;
    told.push(heardNow);
    if (heardNow.type === "refused") leave();
    look();
  });
  const exited = new Promise<void>((resolve) => {
    child.once("exit", (code, signal) => {
      running.delete(child);
      const failed = told.find(({ type }) => type === "failed");
      ended = `${signal ?? `exit ${code ?? "?"}`}${failed === undefined ? "" : `: ${String(failed["message"])}`}`;
      look();
      leave();
      resolve();
    });
  });

  function heard(type: string, from = 0): Promise<Heard> {
    const found = new Promise<Heard>((resolve, reject) => {
      const see = (): void => {
        const match = told.slice(from).find((candidate) => candidate.type === type);
        if (match === undefined && ended === null) return;
        waiting.delete(see);
        if (match !== undefined) resolve(match);
        else reject(new Error(`${options.name} ended without "${type}" (${ended ?? ""})\n${words}`));
      };
      waiting.add(see);
      see();
    });
    return within(30_000, found, `"${type}" of ${options.name}`);
  }

  return {
    name: options.name,
    pid: child.pid ?? 0,
    get ended() {
      return ended;
    },
    gone,
    told,
    heard,
    async report() {
      const from = told.length;
      // One that is gone is heard of by its end, and not by an error of this process.
      child.send({ type: "report" }, () => {});
      return (await heard("report", from)) as unknown as HonestReport;
    },
    signal: (name) => void child.kill(name),
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

function withResolvers(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}
