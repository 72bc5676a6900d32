/**
 * `npm run chaos`: a cluster of processes with sources that play, and everything done to it that a bad day does; at the end
 * an audit of what is stored. Faults are drawn from a seed, but processes keep their own time: a run cannot be played
 * again exactly, as a simulated one can.
 */

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connectOperator, type Operator } from "../src/operator/operator.js";
import { parseNodeName, parseSourceId } from "../src/task/identity.js";
import type { Stage } from "../src/task/pipeline.js";
import { parsePipelineFile } from "../src/task/pipeline-file.js";
import { SERVICES } from "../src/services/catalogue.js";
import { asError, errorText } from "../src/runtime/errors.js";
import { createPrng } from "../src/simulation/prng.js";
import { createToken } from "../src/transport/security/token-directory.js";
import { Machine } from "./chaos/machine.js";
import { verdictOn } from "./chaos/verdict.js";
import { describeWeights, residentBytes, type Weight } from "./chaos/weight.js";
import { startTcpProxy, type TcpProxy } from "./chaos/tcp-proxy.js";
import { readOperator, tokensFolder } from "./cli/hub-folder.js";
import { signalled } from "./cli/signals.js";
import { parseDuration } from "./cli/units.js";
import {
  Command,
  listOf,
  Option,
  positiveInteger,
  positiveNumber,
  readArguments,
  readBy,
} from "./command-line.js";
import { err, out } from "./terminal.js";

interface Options {
  readonly minutes: number;
  readonly edges: number;
  readonly seed: number;
  readonly gap: number;
  readonly faults?: readonly Fault[];
  readonly keep: boolean;
}

/** A full disk is left to the simulation: making one takes a file system of its own. */
const FAULTS = ["killEdge", "killHub", "stall", "cut", "freeze", "delay", "swapTable"] as const;
type Fault = (typeof FAULTS)[number];

const durationMs = readBy(parseDuration, "a duration like 500ms, 90s or 15m");

const command = new Command("chaos")
  .description(
    "Kills, stops and cuts off the processes of a cluster while it works, and audits what is left.",
  )
  .option("--minutes <n>", "how long", positiveNumber, 2)
  .option("--edges <n>", "edges beside the hub, each with a source", positiveInteger, 3)
  .option("--seed <n>", "of what is done and when", positiveInteger, 1)
  .option("--gap <duration>", "mean time between faults (default: 2s)", durationMs, 2_000)
  .addOption(
    new Option("--faults <kind>", "one kind of fault, may be given repeatedly (default: all)")
      .choices([...FAULTS])
      .argParser(listOf(FAULTS)),
  )
  .option("--keep", "keep the folder with stores, journals and logs", false)
  .addHelpText("after", "\nExit codes: 0 every promise kept, 1 one was broken, 2 wrong usage.\n");

const PIPELINE = "apps/pipelines/default.yaml";
/** Of a source's time at the end, in which nothing is done to it. */
const CALM_MS = 10_000;
/** For everything to come to its end after that. */
const DRAIN_MS = 180_000;

async function main(args: readonly string[]): Promise<number> {
  const nothing = readArguments(command.exitOverride(), args);
  if (nothing !== null) return nothing.exitCode;
  const options = command.opts<Options>();
  const folder = await mkdtemp(join(tmpdir(), "sluice-chaos-"));
  const chaos = new Chaos(folder, options);
  try {
    const over = await Promise.race([chaos.run(), signalled().then(() => null)]);
    if (over === null) out.line("Stopped before the end: nothing was audited");
    return over === true ? 0 : 1;
  } catch (error) {
    err.line(`error: ${asError(error).message}`);
    return 1;
  } finally {
    await chaos.end();
    if (options.keep) out.line(`Everything is in ${folder}`);
    else await rm(folder, { recursive: true, force: true });
  }
}

class Chaos {
  readonly #folder: string;
  readonly #options: Options;
  readonly #store: string;
  readonly #prng;
  readonly #machines = new Map<string, Machine>();
  readonly #proxies = new Map<string, TcpProxy>();
  readonly #done = new Map<string, number>();
  readonly #startedMs = performance.now();
  /** Of the hub, in the life that it has now. */
  readonly #weights: Weight[] = [];
  #over = false;

  constructor(folder: string, options: Options) {
    this.#folder = folder;
    this.#options = options;
    this.#store = join(folder, "store");
    this.#prng = createPrng(options.seed);
  }

  /** @returns whether every promise was kept */
  async run(): Promise<boolean> {
    const { minutes, gap } = this.#options;
    const pipeline = await readFile(PIPELINE, "utf8");
    const { stages } = parsePipelineFile(pipeline, PIPELINE, SERVICES).pipeline;
    await this.#startCluster();
    const seconds = Math.ceil((minutes * 60_000 + CALM_MS) / 1_000);
    for (const name of this.#edgeNames()) {
      await this.#ordered((operator) =>
        operator.agent(parseNodeName(name)).addSource({
          id: `cam-${name}`,
          source: `test:320x180@10,duration=${seconds}`,
          pipeline,
          pipelineName: PIPELINE,
          configuration: {},
          policy: null,
          paced: true,
          limit: null,
        }),
      );
    }
    this.#say(`${this.#edgeNames().length} sources play for ${seconds} s`);
    const untilMs = performance.now() + minutes * 60_000;
    while (performance.now() < untilMs) {
      await sleep(this.#prng.between(gap / 2, (gap * 3) / 2));
      await this.#fault(stages);
    }
    this.#say("no more faults: everything comes to its end");
    await this.#allEnded();
    await this.end();
    return this.#audit();
  }

  async end(): Promise<void> {
    this.#over = true;
    const [hub, ...edges] = [...this.#machines.values()];
    for (const machine of this.#machines.values()) machine.resume();
    await Promise.all(edges.map((edge) => edge.stop(5_000)));
    await hub?.stop(5_000);
    for (const proxy of this.#proxies.values()) await proxy.close();
    this.#proxies.clear();
  }

  // ── The cluster ───────────────────────────────────────────────────────────────────────────────────────────────────

  async #startCluster(): Promise<void> {
    const port = await freePort();
    const { token } = await createToken(
      tokensFolder(this.#store),
      { roles: ["edge"], grants: [], use: "multiple", label: "chaos", ttlMs: 86_400_000 },
      Date.now(),
    );
    const listen = `127.0.0.1:${port}`;
    this.#machine("cloud", ["hub", "--listen", listen, "--store", this.#store], {}).start();
    for (let index = 1; index <= this.#options.edges; index++) {
      const name = `edge-${index}`;
      const proxy = await startTcpProxy(port);
      this.#proxies.set(name, proxy);
      const journal = join(this.#folder, `journal-${name}`);
      const url = `ws://127.0.0.1:${proxy.port}`;
      const args = ["join", url, "--name", name, "--retry", "--journal", journal];
      this.#machine(name, args, { SLUICE_TOKEN: token }).start();
    }
    await this.#until("all nodes to join", 30_000, async () => {
      const nodes = await this.#ordered((operator) => operator.nodes());
      return nodes.nodes.length > this.#options.edges;
    });
    void this.#keepRunning();
    void this.#weighHub();
  }

  #machine(name: string, args: readonly string[], env: NodeJS.ProcessEnv): Machine {
    const machine = new Machine(name, args, env, join(this.#folder, `${name}.log`));
    this.#machines.set(name, machine);
    return machine;
  }

  /** Whoever died is started again a while later. */
  async #keepRunning(): Promise<void> {
    while (!this.#over) {
      await sleep(this.#prng.between(200, 2_000));
      if (this.#over) return;
      for (const machine of this.#machines.values()) machine.start();
    }
  }

  /** Notes the hub's memory once a second, for as long as it lives. */
  async #weighHub(): Promise<void> {
    const hub = this.#machines.get("cloud");
    for (let starts = hub?.starts; !this.#over; await sleep(1_000)) {
      if (hub === undefined || hub.starts !== starts) this.#weights.length = 0;
      starts = hub?.starts;
      const bytes = await residentBytes(hub?.pid ?? null);
      if (bytes > 0) this.#weights.push({ atMs: performance.now(), bytes });
    }
  }

  #edgeNames(): readonly string[] {
    return [...this.#proxies.keys()];
  }

  /** Asks the hub, again and again while it cannot be reached. */
  async #ordered<Reply>(work: (operator: Operator) => Promise<Reply>, attempts = 60): Promise<Reply> {
    for (let attempt = 1; ; attempt++) {
      try {
        const address = await readOperator(this.#store);
        if (address === null) throw new Error("The hub is not there yet");
        const operator = await connectOperator({ hub: address.url, token: address.token });
        try {
          return await work(operator);
        } finally {
          await operator.close();
        }
      } catch (error) {
        if (attempt >= attempts || this.#over) throw error;
        await sleep(500);
      }
    }
  }

  // ── Faults ────────────────────────────────────────────────────────────────────────────────────────────────────────

  async #fault(stages: readonly Stage[]): Promise<void> {
    const kind = this.#prng.pick(this.#options.faults ?? FAULTS);
    const name = kind === "killHub" ? "cloud" : this.#prng.pick(this.#edgeNames());
    const lastsMs = kind === "stall" ? 5_000 : this.#prng.between(200, 5_000);
    const machine = this.#machines.get(name);
    const proxy = this.#proxies.get(name);
    this.#done.set(kind, (this.#done.get(kind) ?? 0) + 1);
    this.#say(
      `${kind} ${name}${kind.startsWith("kill") || kind === "swapTable" ? "" : ` for ${lastsMs} ms`}`,
    );
    const later = (undo: () => void): void => void setTimeout(undo, lastsMs);
    switch (kind) {
      case "killEdge":
      case "killHub":
        await machine?.kill();
        return;
      case "stall":
        machine?.pause();
        later(() => machine?.resume());
        return;
      case "cut":
        proxy?.cut();
        later(() => proxy?.heal());
        return;
      case "freeze":
        proxy?.freeze();
        later(() => proxy?.heal());
        return;
      case "delay":
        proxy?.delay(100);
        later(() => proxy?.delay(0));
        return;
      case "swapTable":
        await this.#swap(`cam-${name}`, stages).catch((thrown: unknown) => {
          this.#say(`  the table was not swapped: ${errorText(thrown)}`);
        });
    }
  }

  async #swap(source: string, stages: readonly Stage[]): Promise<void> {
    await this.#ordered(async (operator) => {
      const { nodes } = await operator.nodes();
      const names = nodes.map(({ description }) => description.name);
      const placement = stages.map(({ id }) => [id, [this.#prng.pick(names)]] as const);
      const policy = { name: "fixed", parameters: { placement: Object.fromEntries(placement) } };
      await operator.setPolicy(parseSourceId(source), policy);
    }, 1);
  }

  // ── The end ───────────────────────────────────────────────────────────────────────────────────────────────────────

  async #allEnded(): Promise<void> {
    await this.#until("every source to end", CALM_MS + DRAIN_MS, async () => {
      const ledgers = await this.#ordered(async (operator) => {
        const nodes = this.#edgeNames().map((name) => operator.agent(parseNodeName(name)).sources());
        return (await Promise.all(nodes)).flatMap((report) => report.ledgers);
      });
      const inFlight = ledgers.reduce((sum, ledger) => sum + ledger.inFlight, 0);
      if (ledgers.length > 0) this.#say(`${ledgers.length} sources play, ${inFlight} tasks in flight`);
      return ledgers.length === 0;
    });
  }

  async #until(what: string, limitMs: number, done: () => Promise<boolean>): Promise<void> {
    const untilMs = performance.now() + limitMs;
    for (;;) {
      if (await done().catch(() => false)) return;
      if (performance.now() > untilMs) throw new Error(`Waited ${limitMs / 1_000} s for ${what}`);
      await sleep(2_000);
    }
  }

  async #audit(): Promise<boolean> {
    const { kept, table, broken } = await verdictOn(this.#store);
    const faults = [...this.#done].map(([kind, count]) => `${kind} ${count}`).join(", ");
    const starts = [...this.#machines.values()].map(
      ({ name, starts: count }) => `${name} started ${count} times`,
    );
    const lines = [table, `${faults}; ${starts.join(", ")}`, describeWeights(this.#weights), ...broken];
    out.lines(lines.join("\n"));
    out.line(kept ? "Every promise was kept" : "A promise was broken");
    return kept;
  }

  #say(text: string): void {
    const seconds = ((performance.now() - this.#startedMs) / 1_000).toFixed(1).padStart(6);
    out.line(`${seconds} s  ${text}`);
  }
}

/** Of this machine, now. */
async function freePort(): Promise<number> {
  const probe = await startTcpProxy(1);
  const { port } = probe;
  await probe.close();
  return port;
}

process.exitCode = await main(process.argv.slice(2));
