/**
 * What it costs that no task is lost: each is on disk before it is worked on, and its result is before it counts, beside a queue of jobs
 * that promises the same.
 */

import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Unavailable, type BenchCase, type OpenSubject, type Subject } from "../../harness/case.js";
import { ended } from "../cluster/start-nodes.js";
import { OURS } from "../micro/systems.js";
import { importPeer } from "../wire/wire-peer.js";
import { storeTasks } from "./journal.js";

const TASKS = 400;
/** Tasks under way at once: the window of our source, and what BullMQ's worker takes. */
const UNDER_WAY = 32;
/** The frames of neither are kept: they can be read again. */
const SIZE = { width: 16, height: 16 };

export const durable: BenchCase = {
  name: "e2e/durable",
  kind: "rate",
  operation: "tasks",
  measures: `Tasks through two no-op stages, ${TASKS} a round, ${UNDER_WAY} under way, each on disk before it is worked on and its result on disk before it counts.`,
  excludes: "frames, which are not kept as they can be read again; other disks, links",
  plan: { roundMs: 0, rounds: 5, warmUps: 1 },
  subjects: [ours(), bullmq()],
};

function ours(): Subject {
  return {
    name: `${OURS}, journal and store on disk, stages on worker threads`,
    open(): Promise<OpenSubject> {
      const folder = mkdtempSync(join(tmpdir(), "sluice-bench-"));
      let runs = 0;
      return Promise.resolve({
        run: (round) =>
          storeTasks(
            round,
            { journal: true, store: true, folder: join(folder, String(runs++)) },
            { tasks: TASKS, size: SIZE },
          ),
        close: () => rmSync(folder, { recursive: true, force: true }),
      });
    },
  };
}

interface Connection {
  readonly host: string;
  readonly port: number;
}

interface Queue {
  add(name: string, data: unknown): Promise<unknown>;
  getCompletedCount(): Promise<number>;
  close(): Promise<void>;
}

interface Worker {
  on(event: "completed", listener: () => void): void;
  on(event: "failed", listener: (job: unknown, error: Error) => void): void;
  waitUntilReady(): Promise<unknown>;
  close(): Promise<void>;
}

/** What is used of it. */
interface BullMq {
  readonly Queue: new (name: string, options: { readonly connection: Connection }) => Queue;
  readonly Worker: new (
    name: string,
    work: (job: { readonly data: unknown }) => Promise<unknown>,
    options: { readonly connection: Connection; readonly concurrency: number },
  ) => Worker;
}

function bullmq(): Subject {
  return {
    name: "BullMQ, Redis with appendfsync always, stages as functions",
    async open(): Promise<OpenSubject> {
      const { Queue, Worker } = await importPeer<BullMq>("bullmq");
      const folder = mkdtempSync(join(tmpdir(), "sluice-bench-"));
      const redis = await startRedis(folder);
      const queue = new Queue("bench", redis);
      const done = { count: 0, failure: null as Error | null, told: (): void => {} };
      const worker = new Worker("bench", async ({ data }) => await noop(await noop(data)), {
        ...redis,
        concurrency: UNDER_WAY,
      });
      worker.on("completed", () => {
        done.count += 1;
        done.told();
      });
      worker.on("failed", (_, error) => {
        done.failure = error;
        done.told();
      });
      await worker.waitUntilReady();
      let wanted = 0;
      return {
        async run(round) {
          const before = done.count;
          wanted += TASKS;
          const startedMs = performance.now();
          for (let made = 0; done.count - before < TASKS;) {
            if (done.failure !== null) throw done.failure;
            const free = Math.min(UNDER_WAY - (made - (done.count - before)), TASKS - made);
            const told = new Promise<void>((resolve) => (done.told = resolve));
            const jobs = Array.from({ length: free }, (_, index) =>
              queue.add("task", { frame: made + index }),
            );
            made += free;
            await Promise.all(jobs);
            if (done.count - before === made || free > 0) continue;
            await told;
          }
          round.did(TASKS, performance.now() - startedMs);
          const kept = await queue.getCompletedCount();
          if (kept !== wanted) throw new Error(`Completed ${kept} of ${wanted}`);
        },
        async close() {
          await worker.close();
          await queue.close();
          await ended(redis.server);
          rmSync(folder, { recursive: true, force: true });
        },
      };
    },
  };
}

function noop(data: unknown): Promise<unknown> {
  return Promise.resolve(data);
}

interface Redis {
  readonly connection: Connection;
  readonly server: ChildProcess;
}

/** Each change is on disk before it is acknowledged. @throws Unavailable where there is none */
async function startRedis(folder: string): Promise<Redis> {
  const port = await freePort();
  const options = "--bind 127.0.0.1 --appendonly yes --appendfsync always --maxmemory-policy noeviction";
  const args = ["--port", String(port), "--dir", folder, "--save", "", ...options.split(" ")];
  const server = spawn("redis-server", args, { stdio: ["ignore", "pipe", "inherit"] });
  process.once("exit", () => server.kill());
  await new Promise<void>((resolve, reject) => {
    server.once("error", () =>
      reject(new Unavailable("redis-server is not installed: apt-get install redis-server")),
    );
    server.once("exit", (code) => reject(new Error(`redis-server ended with ${code}`)));
    server.stdout.on("data", (text: Buffer) => {
      if (text.toString().includes("Ready to accept connections")) resolve();
    });
  });
  return { connection: { host: "127.0.0.1", port }, server };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      // It listens on TCP.
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
