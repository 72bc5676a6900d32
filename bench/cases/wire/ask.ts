/** Asks between two processes on one machine: one at a time with small and large bodies, and many at a time. */

import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { closedLoop } from "../../harness/arrivals.js";
import {
  Unavailable,
  type BenchCase,
  type BenchKind,
  type Goal,
  type OpenSubject,
  type Subject,
} from "../../harness/case.js";
import { WIRE_PEERS } from "./peers.js";
import type { WirePeer } from "./wire-peer.js";

const EXCLUDES = "networks, TLS, more than one connection";

export const wireAsk: BenchCase = askCase("64B", {
  bytes: 64,
  concurrency: 1,
  measures: "Asks of 64 bytes between two processes on one machine, one at a time, answered by a few bytes.",
  goals: [
    { statistic: "value", against: "ratio", atMost: 1.3 },
    { statistic: "value", against: "peers", atMost: 1 },
  ],
});

export const wireAsk64KiB: BenchCase = askCase("64KiB", {
  bytes: 64 * 1_024,
  concurrency: 1,
  measures: "The same with 64 KiB.",
});

export const wireAsk1MiB: BenchCase = askCase("1MiB", {
  bytes: 1_024 * 1_024,
  concurrency: 1,
  measures: "The same with 1 MiB, as of a task with frames.",
});

export const wireAskMany: BenchCase = askCase("64B-x32", {
  bytes: 64,
  concurrency: 32,
  measures: "Asks of 64 bytes, 32 under way at any time.",
});

interface AskOptions {
  readonly bytes: number;
  readonly concurrency: number;
  readonly measures: string;
  readonly goals?: readonly Goal[];
}

function askCase(name: string, { bytes, concurrency, measures, goals }: AskOptions): BenchCase {
  const kind: BenchKind = concurrency === 1 ? "latency" : "rate";
  const [ours, ...others] = WIRE_PEERS.map((peer) => subjectOf(peer, bytes, concurrency));
  if (ours === undefined) throw new TypeError("There is nobody to ask");
  return {
    name: `wire/ask-${name}`,
    kind,
    operation: "asks",
    measures,
    excludes: EXCLUDES,
    ...(goals !== undefined && { goals }),
    subjects: [ours, ...others],
  };
}

function subjectOf(peer: WirePeer, bytes: number, concurrency: number): Subject {
  return {
    name: peer.name,
    async open(): Promise<OpenSubject> {
      const server = await startServer(peer.name);
      const client = await peer.connect(server.address);
      const body = new Uint8Array(Buffer.alloc(bytes, 7));
      const once = async (): Promise<void> => {
        const arrived = await client.ask(body);
        if (arrived !== bytes) throw new Error(`${arrived} of ${bytes} bytes arrived`);
      };
      return {
        run: (round) => closedLoop(round, concurrency, once),
        async close() {
          await client.close();
          server.end();
        },
      };
    },
  };
}

type Started = { readonly address: string } | { readonly unavailable: string };

/** @throws Unavailable where it cannot run here */
function startServer(name: string): Promise<{ readonly address: string; readonly end: () => void }> {
  const child = fork(fileURLToPath(new URL("serve.js", import.meta.url)), [name]);
  return new Promise((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`The server of "${name}" ended with ${code}`)));
    child.once("message", (message) => {
      // Both ends are this folder.
      const started = message as Started;
      if ("address" in started) resolve({ address: started.address, end: () => child.disconnect() });
      else {
        reject(new Unavailable(started.unavailable));
        child.disconnect();
      }
    });
  });
}
