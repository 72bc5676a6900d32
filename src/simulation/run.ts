/**
 * A whole cluster in one process, under a clock that jumps from event to event: the same behaviours, mailboxes, links and
 * codecs as in production, with faults drawn from a seed, and at the end the question whether all promises were kept.
 *
 * U1 The same options give the same history, byte for byte.
 * U2 Faults end some time before the end, and then everything must come to its end by itself.
 */

import { controlFrom } from "../operator/control.js";
import { MemoryStore } from "../storage/results/memory-store.js";
import type { SluiceNode } from "../node/node.js";
import type { LedgerReported } from "../task/reports.js";
import type { PolicySpec } from "../task/requests.js";
import type { StoredRecord } from "../task/record.js";
import { parseConfiguration } from "../task/configuration.js";
import { parseSourceId } from "../task/identity.js";
import { checkConservation } from "../task/ledger.js";
import type { Pipeline } from "../task/pipeline.js";
import { errorText } from "../runtime/errors.js";
import { createCameraCapture, cameraSource, type CameraOptions } from "./camera.js";
import { createPrng, type Prng } from "./prng.js";
import { drawFaults, FAULTS, inject, type Fault, type FaultKind } from "./fault-plan.js";
import { History } from "./history.js";
import type { SimulatedProcess } from "./simulated-process.js";
import { HUB, SimulatedHost, SKEW_MS_MAX } from "./simulated-host.js";
import { Network } from "./network.js";
import { createPlantedBug, type BugKind, type PlantedBug } from "./planted-bugs.js";
import { PIPELINES, SERVICES } from "./scene.js";
import { VirtualTime } from "./virtual-time.js";
import { judge } from "./verdict.js";

export interface SimulationOptions {
  readonly seed: number;
  /** Simulated time with faults, in ms. Default 30,000. */
  readonly faultyMs?: number;
  /** Edges beside the hub. Default 3. */
  readonly edges?: number;
  /** Default: all. */
  readonly faults?: readonly FaultKind[];
  /** Mean time between faults, in ms. Default 1,000. */
  readonly meanGapMs?: number;
  /** Longest time that a fault lasts, in ms. Default 5,000. */
  readonly longestMs?: number;
  /** How many times slower every service is than it should be. Default 1. */
  readonly slowness?: number;
  /** A bug to plant, which the simulation must find. Default none. */
  readonly bug?: BugKind | null;
  /** Keeps the history as lines. Default false. */
  readonly keepHistory?: boolean;
}

export interface SimulationReport {
  readonly seed: number;
  /** SHA-256 of everything that travelled, was stored or went wrong. */
  readonly history: string;
  readonly lines: readonly string[];
  readonly faults: readonly Fault[];
  readonly simulatedMs: number;
  readonly steps: number;
  readonly results: number;
  readonly gaps: Readonly<Record<string, number>>;
  readonly redelivered: number;
  /** Promises that were broken; empty where none was. */
  readonly findings: readonly string[];
}

/** A source of the simulated cluster. */
interface SimulatedSource {
  readonly id: string;
  readonly host: string;
  readonly camera: CameraOptions;
  readonly pipeline: Pipeline;
  ended: LedgerReported | null;
}

const START_MS = 1_700_000_000_000;
/** Beside a placement of its own. */
const POLICIES = ["edge-only", "cloud-only", "dynamic"];
/** For the cluster to come up, and, after faults, for everything to come to its end. */
const SETTLE_MS = 2_000;
const DRAIN_MS = 400_000;
const LAW_MS = 1_000;
/** Between tries to add a source. */
const RETRY_MS = 500;

export async function simulate(options: SimulationOptions): Promise<SimulationReport> {
  return await new Simulation(options).run();
}

class Simulation {
  readonly #options: SimulationOptions;
  readonly #prng: Prng;
  readonly #time = new VirtualTime(START_MS);
  readonly #history: History;
  readonly #results = new MemoryStore();
  readonly #network: Network;
  readonly #services = { crashes: 0, throws: 0, slowness: 1 };
  readonly #hosts = new Map<string, SimulatedHost>();
  readonly #sources: SimulatedSource[] = [];
  readonly #bug: PlantedBug;
  readonly #problems: string[] = [];
  #redelivered = 0;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#services.slowness = options.slowness ?? 1;
    this.#prng = createPrng(options.seed);
    this.#bug = createPlantedBug(options.bug ?? null);
    this.#history = new History(options.keepHistory ?? false);
    this.#network = new Network(this.#time, this.#prng.fork(), (from, to, frame) =>
      this.#history.add(this.#time.nowMs, `${from} -> ${to} ${frame.length}`, frame),
    );
    this.#furnish();
  }

  async run(): Promise<SimulationReport> {
    const {
      faultyMs = 30_000,
      meanGapMs = 1_000,
      longestMs = 5_000,
      faults: kinds = FAULTS,
      seed,
    } = this.#options;
    for (const name of this.#hosts.keys()) this.#start(name);
    const calmMs = START_MS + SETTLE_MS + faultyMs;
    const faults = drawFaults(this.#prng.fork(), {
      kinds,
      hosts: [...this.#hosts.keys()],
      fromMs: START_MS + SETTLE_MS,
      untilMs: calmMs,
      meanGapMs,
      longestMs,
    });
    const ends = new Set<() => void>();
    for (const fault of faults) this.#plan(fault, ends);
    this.#watchLaw();
    await this.#time.runUntil(calmMs);
    this.#note("faults end");
    this.#services.slowness = 1;
    for (const end of ends) end();
    for (const name of this.#hosts.keys()) this.#start(name);
    await this.#time.runUntil(calmMs + SETTLE_MS);
    this.#drainLive();
    // What was held back meanwhile is still to be captured.
    await this.#time.runUntil(calmMs + faultyMs + DRAIN_MS, () =>
      this.#sources.every(({ ended }) => ended !== null),
    );
    const stored = await this.#results.read({ fromPosition: 0, limit: Infinity });
    const records = [...stored.records, ...this.#bug.duplicates];
    for (const host of this.#hosts.values()) host.kill();
    for (const record of records) {
      this.#history.add(this.#time.nowMs, "-> stored", Buffer.from(JSON.stringify(record)));
    }
    return {
      seed,
      history: this.#history.digest(),
      lines: this.#history.lines,
      faults,
      simulatedMs: this.#time.nowMs - START_MS,
      steps: this.#time.steps,
      results: records.filter(({ type }) => type === "result").length,
      gaps: gapsOf(records),
      redelivered: this.#redelivered,
      findings: await judge({
        records,
        sources: this.#sources,
        skewMs: 2 * SKEW_MS_MAX,
        problems: this.#problems,
      }),
    };
  }

  // ── The cluster ───────────────────────────────────────────────────────────────────────────────────────────────────

  #furnish(): void {
    const { edges = 3, faultyMs = 30_000 } = this.#options;
    const names = [HUB, ...Array.from({ length: edges }, (_, index) => `edge-${index + 1}`)];
    for (const name of names) {
      this.#hosts.set(
        name,
        new SimulatedHost({
          name,
          time: this.#time,
          prng: this.#prng.fork(),
          network: this.#network,
          services: SERVICES,
          faults: this.#services,
          bug: this.#bug,
          results: name === HUB ? this.#results : null,
          onEvent: (host, event) => {
            if (event.type === "sourceEnded") this.#onEnded(host, event.ledger, event.error);
          },
          onSchedule: (event) => {
            if (event.type !== "tableAcknowledged") return;
            this.#host(event.node).acknowledged(event.epoch);
          },
          onWrongFrames: ({ sourceId, incarnation, sequence }) =>
            this.#problem(`frames of ${sourceId}/${incarnation}/${sequence} are not those that it claims`),
          onOldEpoch: (host, { stage, epoch }, acknowledged) =>
            this.#problem(`${host} ran "${stage}" by epoch ${epoch}, and had acknowledged ${acknowledged}`),
          onFailure: (host, error) => this.#problem(`${host} failed: ${errorText(error)}`),
        }),
      );
    }
    const everyMs = 100;
    for (const [index, pipeline] of PIPELINES.entries()) {
      const host = names[1 + (index % edges)] ?? HUB;
      const live = index === 0 && this.#prng.happens(0.5);
      const frames = live ? null : Math.ceil((faultyMs / everyMs) * (0.5 + this.#prng.next() * 0.6));
      const id = `cam-${index + 1}`;
      this.#sources.push({ id, host, camera: { name: id, frames, everyMs }, pipeline, ended: null });
    }
  }

  #host(name: string): SimulatedHost {
    const host = this.#hosts.get(name);
    if (host === undefined) throw new RangeError(`No host is called "${name}"`);
    return host;
  }

  #start(name: string): void {
    this.#host(name).start((node, process) => {
      this.#note(`${name} is a member`);
      for (const source of this.#sources) {
        if (source.host === name && source.ended === null) void this.#addSource(source, node, process);
      }
    });
  }

  async #addSource(source: SimulatedSource, node: SluiceNode, process: SimulatedProcess): Promise<void> {
    try {
      await node.addSource({
        id: parseSourceId(source.id),
        source: cameraSource(source.camera),
        capture: createCameraCapture(source.camera, process),
        pipeline: source.pipeline,
        configuration: parseConfiguration({ framesPerTask: 1, encoding: "jpeg" }),
        policy: this.#drawPolicy(source.pipeline),
      });
    } catch (error) {
      // As a program would that waits for a disk.
      this.#note(`${source.id} cannot be added yet: ${errorText(error)}`);
      this.#time.after(RETRY_MS, () => {
        if (!process.killed) void this.#addSource(source, node, process);
      });
    }
  }

  /** Mostly each stage on some nodes that are there now. */
  #drawPolicy(pipeline: Pipeline): PolicySpec {
    if (this.#prng.happens(0.3)) return { name: this.#prng.pick(POLICIES), parameters: {} };
    const nodes = [...this.#hosts.values()].flatMap(({ name, node }) => (node === null ? [] : [name]));
    const placement = pipeline.stages.map(({ id }) => {
      const [first, second] = [this.#prng.pick(nodes), this.#prng.pick(nodes)];
      return [id, [...new Set([first, second, HUB])]] as const;
    });
    return { name: "fixed", parameters: { placement: Object.fromEntries(placement) } };
  }

  #onEnded(host: string, ledger: LedgerReported, error: Error | null): void {
    this.#note(`${ledger.sourceId} ended on ${host}`);
    const source = this.#sources.find(({ id }) => id === ledger.sourceId);
    if (source !== undefined) source.ended = ledger;
    this.#redelivered += ledger.redelivered;
    if (error !== null) this.#problem(`${ledger.sourceId} failed: ${errorText(error)}`);
    this.#checkLaw(ledger);
  }

  // ── Faults ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #plan(fault: Fault, ends: Set<() => void>): void {
    const { kind, atMs, host, lastsMs } = fault;
    this.#time.at(atMs, () => {
      this.#note(`${kind} ${host} ${lastsMs}`);
      const undo = inject(fault, {
        host: (name) => this.#host(name),
        network: this.#network,
        services: this.#services,
        restart: (name) => this.#start(name),
        swapTable: () => this.#swapTable(),
      });
      const end = (): void => {
        if (ends.delete(end)) undo();
      };
      ends.add(end);
      this.#time.after(lastsMs, end);
    });
  }

  #swapTable(): void {
    const hub = this.#host(HUB).node;
    if (hub === null) return;
    const source = this.#prng.pick(this.#sources);
    const policy = this.#drawPolicy(source.pipeline);
    // A hub that dies meanwhile answers nobody, and one that has started anew may not know the source yet.
    controlFrom(hub.system, hub.cloud, () => 0)
      .setPolicy(parseSourceId(source.id), policy)
      .catch((thrown: unknown) => this.#note(`the swap was not taken: ${errorText(thrown)}`));
  }

  /** Ends what has no end by itself, again and again, as its node may not be a member yet. */
  #drainLive(): void {
    const live = this.#sources.filter(({ camera, ended }) => camera.frames === null && ended === null);
    for (const { id, host } of live) void this.#host(host).node?.drainSource(parseSourceId(id));
    if (live.length > 0) this.#time.after(RETRY_MS, () => this.#drainLive());
  }

  // ── Promises ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The law of conservation, asked of every node again and again. */
  #watchLaw(): void {
    this.#time.after(LAW_MS, () => {
      for (const { node } of this.#hosts.values()) {
        if (node !== null) void this.#checkLaws(node);
      }
      this.#watchLaw();
    });
  }

  async #checkLaws(node: SluiceNode): Promise<void> {
    for (const ledger of await node.ledgers()) this.#checkLaw(ledger);
  }

  #checkLaw(ledger: LedgerReported): void {
    const broken = checkConservation(ledger);
    if (broken !== null) this.#problem(`${ledger.sourceId}: ${broken}`);
  }

  #problem(text: string): void {
    this.#note(text);
    this.#problems.push(text);
  }

  #note(text: string): void {
    this.#history.add(this.#time.nowMs, text);
  }
}

function gapsOf(records: readonly StoredRecord[]): Readonly<Record<string, number>> {
  const gaps: Record<string, number> = {};
  for (const record of records) {
    if (record.type === "gap") gaps[record.reason] = (gaps[record.reason] ?? 0) + 1;
  }
  return gaps;
}
