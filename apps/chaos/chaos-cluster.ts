/** A cluster of `sluice` processes: a hub, and edges that reach it each through a proxy of its own. */

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connectOperator, type Operator } from "../../src/operator/operator.js";
import { createToken } from "../../src/transport/security/token-directory.js";
import { readOperator, tokensFolder } from "../cli/hub-folder.js";
import { ProgramError } from "../program.js";
import { SluiceProcess } from "./sluice-process.js";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.js";

export const HUB = "cloud";

const JOIN_MS = 30_000;
/** Between attempts to reach the hub, and between looks whether something is done. */
const RETRY_MS = 500;
const LOOK_MS = 2_000;
/** For a process to end in order. */
const STOP_MS = 5_000;

export class ChaosCluster {
  /** Folder of the hub's store. */
  readonly store: string;
  readonly #folder: string;
  readonly #processes = new Map<string, SluiceProcess>();
  readonly #proxies = new Map<string, TcpProxy>();
  #over = false;

  /** @param folder takes the store, the journals and what the processes print */
  constructor(folder: string) {
    this.#folder = folder;
    this.store = join(folder, "store");
  }

  /** Whether it was ended: nothing of it is started again. */
  get over(): boolean {
    return this.#over;
  }

  /** The hub first. */
  get processes(): readonly SluiceProcess[] {
    return [...this.#processes.values()];
  }

  /** Names of the edges. */
  get edges(): readonly string[] {
    return [...this.#proxies.keys()];
  }

  process(name: string): SluiceProcess | undefined {
    return this.#processes.get(name);
  }

  /** The proxy between an edge and the hub. */
  proxy(edge: string): TcpProxy | undefined {
    return this.#proxies.get(edge);
  }

  /** Starts a hub and so many edges, and resolves once all have joined. */
  async start(edges: number): Promise<void> {
    const port = await freePort();
    const { token } = await createToken(
      tokensFolder(this.store),
      { roles: ["edge"], grants: [], use: "multiple", label: "chaos", ttlMs: 86_400_000 },
      Date.now(),
    );
    this.#startProcess(HUB, ["hub", "--listen", `127.0.0.1:${port}`, "--store", this.store], {});
    for (let index = 1; index <= edges; index++) {
      const name = `edge-${index}`;
      const proxy = await startTcpProxy(port);
      this.#proxies.set(name, proxy);
      const journal = join(this.#folder, `journal-${name}`);
      const url = `ws://127.0.0.1:${proxy.port}`;
      const args = ["join", url, "--name", name, "--retry", "--journal", journal];
      this.#startProcess(name, args, { SLUICE_TOKEN: token });
    }
    await this.until("all nodes to join", JOIN_MS, async () => {
      const { nodes } = await this.ask((operator) => operator.nodes());
      return nodes.length > edges;
    });
  }

  /** Asks the hub, again and again while it cannot be reached. @throws what the last attempt threw */
  async ask<Reply>(work: (operator: Operator) => Promise<Reply>, attempts = 60): Promise<Reply> {
    for (let attempt = 1; ; attempt++) {
      try {
        const address = await readOperator(this.store);
        if (address === null) throw new ProgramError("The hub does not run yet");
        const operator = await connectOperator({ hub: address.url, token: address.token });
        try {
          return await work(operator);
        } finally {
          await operator.close();
        }
      } catch (error) {
        if (attempt >= attempts || this.#over) throw error;
        await sleep(RETRY_MS);
      }
    }
  }

  /** Resolves once `done` does with true; what it throws is as good as false. @throws ProgramError after `limitMs` */
  async until(what: string, limitMs: number, done: () => Promise<boolean>): Promise<void> {
    const untilMs = performance.now() + limitMs;
    for (;;) {
      if (await done().catch(() => false)) return;
      if (performance.now() > untilMs) throw new ProgramError(`Waited ${limitMs / 1_000} s for ${what}`);
      await sleep(LOOK_MS);
    }
  }

  /** Ends every process, the hub last. */
  async end(): Promise<void> {
    this.#over = true;
    const [hub, ...edges] = this.processes;
    for (const each of this.processes) each.resume();
    await Promise.all(edges.map((edge) => edge.stop(STOP_MS)));
    await hub?.stop(STOP_MS);
    for (const proxy of this.#proxies.values()) await proxy.close();
    this.#proxies.clear();
  }

  #startProcess(name: string, args: readonly string[], env: NodeJS.ProcessEnv): void {
    const started = new SluiceProcess(name, args, env, join(this.#folder, `${name}.log`));
    this.#processes.set(name, started);
    started.start();
  }
}

/** Of this machine, now. */
async function freePort(): Promise<number> {
  const probe = await startTcpProxy(1);
  const { port } = probe;
  await probe.close();
  return port;
}
