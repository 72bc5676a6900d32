/** A folder and the programs of one attack: all of it is gone afterwards. */

import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { killAllWith, processesWith, type Running } from "../../support/processes.js";
import { REPOSITORY } from "../../support/program.js";
import { within } from "../../support/within.js";
import { startHonestNode, type HonestNode, type HonestOptions } from "./honest-node.js";

const SLUICE = join(REPOSITORY, "dist/program/sluice.js");

export interface RunningProgram {
  readonly pid: number;
  readonly ended: string | null;
  /** Standard output and error so far. */
  readonly words: string;
  /** Resolves with what its words match, once they do. @throws where it ends before */
  says(wanted: RegExp): Promise<RegExpExecArray>;
  exited(): Promise<string>;
  signal(name: NodeJS.Signals): void;
}

export interface Finished {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
}

interface Shell {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Said by bash before the program: a limit, a redirection of the program (`> /dev/full`). */
  readonly limits?: string;
  readonly redirect?: string;
}

export interface Workshop {
  readonly folder: string;
  /** Starts `sluice ...args` in a shell. */
  start(args: readonly string[], shell?: Shell): RunningProgram;
  /** Runs `sluice ...args` to its end. */
  run(args: readonly string[], shell?: Shell): Promise<Finished>;
  node(options: HonestOptions): HonestNode;
  /** A server that takes connections and does what `serve` says: nothing by default. @returns its port */
  listen(serve?: (socket: Socket) => void): Promise<number>;
  /** All that was started here and still runs, and what those have started. */
  processes(): readonly Running[];
  /** A file system of so many bytes; null where this user may make none. */
  mountSmall(bytes: number): string | null;
}

export async function inWorkshop<Result>(work: (workshop: Workshop) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-adversary-"));
  const mark = randomUUID();
  const children: ChildProcess[] = [];
  const nodes: HonestNode[] = [];
  const servers: { readonly server: Server; readonly sockets: Set<Socket> }[] = [];
  const mounts: string[] = [];

  function start(
    args: readonly string[],
    { env = {}, limits = "", redirect = "" }: Shell = {},
  ): RunningProgram {
    const script = `${limits === "" ? "" : `${limits}; `}exec "$@" ${redirect}`;
    const child = spawn("bash", ["-c", script, "bash", process.execPath, SLUICE, ...args], {
      cwd: folder,
      env: {
        ...process.env,
        SLUICE_HUB: undefined,
        SLUICE_TOKEN: undefined,
        ...env,
        SLUICE_ADVERSARY_MARK: mark,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    children.push(child);
    let words = "";
    let ended: string | null = null;
    const waiting = new Set<() => void>();
    const look = (): void => {
      for (const see of waiting) see();
    };
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        words += text;
        look();
      });
    }
    const gone = new Promise<string>((resolve) => {
      child.once("close", (code, signal) => {
        ended = signal ?? `exit ${code ?? "?"}`;
        look();
        resolve(ended);
      });
    });
    return {
      pid: child.pid ?? 0,
      get ended() {
        return ended;
      },
      get words() {
        return words;
      },
      says(wanted) {
        const said = new Promise<RegExpExecArray>((resolve, reject) => {
          const see = (): void => {
            const match = wanted.exec(words);
            if (match !== null) resolve(match);
            else if (ended !== null)
              reject(new Error(`It ended (${ended}) without ${wanted.source}: ${words}`));
            else return;
            waiting.delete(see);
          };
          waiting.add(see);
          see();
        });
        return within(30_000, said, wanted.source);
      },
      exited: () => within(30_000, gone, `the end of sluice ${args.join(" ")}`),
      signal: (name) => void child.kill(name),
    };
  }

  const workshop: Workshop = {
    folder,
    start,
    async run(args, { env = {}, limits = "" } = {}) {
      const startedMs = performance.now();
      const script = `${limits === "" ? "" : `${limits}; `}exec "$@"`;
      const child = spawn("bash", ["-c", script, "bash", process.execPath, SLUICE, ...args], {
        cwd: folder,
        env: {
          ...process.env,
          SLUICE_HUB: undefined,
          SLUICE_TOKEN: undefined,
          ...env,
          SLUICE_ADVERSARY_MARK: mark,
        },
        stdio: ["ignore", "pipe", "pipe"],
      });
      children.push(child);
      const output = { stdout: "", stderr: "" };
      child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
      child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
      const exitCode = await within(
        90_000,
        new Promise<number | null>((resolve) => void child.once("close", resolve)),
        `the end of sluice ${args.join(" ")}`,
      );
      return { exitCode, ...output, durationMs: performance.now() - startedMs };
    },
    node(options) {
      const node = startHonestNode(options);
      nodes.push(node);
      return node;
    },
    async listen(serve = () => {}) {
      const sockets = new Set<Socket>();
      const server = createServer((socket) => {
        sockets.add(socket);
        socket.on("error", () => {});
        serve(socket);
      });
      servers.push({ server, sockets });
      await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
      const address = server.address();
      return typeof address === "object" && address !== null ? address.port : 0;
    },
    processes: () => processesWith(mark),
    mountSmall(bytes) {
      const at = join(folder, `small-${mounts.length}`);
      const made = spawnSync("bash", ["-c", `mkdir "$0" && mount -t tmpfs -o size=${bytes} none "$0"`, at]);
      if (made.status !== 0) return null;
      mounts.push(at);
      return at;
    },
  };
  try {
    return await work(workshop);
  } finally {
    for (const node of nodes) if (node.ended === null) await node.kill();
    for (const child of children) child.kill("SIGKILL");
    killAllWith(mark);
    for (const { server, sockets } of servers) {
      for (const socket of sockets) socket.destroy();
      server.close();
    }
    for (const at of mounts) spawnSync("umount", ["-l", at]);
    await rm(folder, { recursive: true, force: true });
  }
}
