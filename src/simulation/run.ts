/**
 * A whole cluster in one process, under a clock that jumps from event to event: the same behaviours, mailboxes, links and
 * codecs as in production, with faults drawn from a seed, and at the end the question whether all promises were kept.
 *
 * U1 The same options give the same history, byte for byte.
 * U2 Faults end some time before the end, and then everything must come to its end by itself.
 */

import { createControl } from "../operator/control.js";
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
import { cameraCapture, cameraSource, type CameraOptions } from "./camera.js";
import { chanceOf, type Chance } from "./chance.js";
import { drawFaults, FAULTS, inject, type Fault, type FaultKind } from "./fault-plan.js";
import { History } from "./history.js";
import type { Life } from "./life.js";
import { HUB, Machine, SKEW_MS_MAX } from "./machine.js";
import { Network } from "./network.js";
import { plantsOf, type Plant, type Plants } from "./plants.js";
import { PIPELINES, SERVICES } from "./scene.js";
import { Timeline } from "./timeline.js";
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
  /** A defect to be found. Default none. */
  readonly plant?: Plant | null;
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
  readonly machine: string;
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
  readonly #chance: Chance;
  readonly #timeline = new Timeline(START_MS);
  readonly #history: History;
  readonly #results = new MemoryStore();
  readonly #network: Network;
  readonly #services = { crashes: 0, throws: 0, slowness: 1 };
  readonly #machines = new Map<string, Machine>();
  readonly #sources: SimulatedSource[] = [];
  readonly #plants: Plants;
  readonly #problems: string[] = [];
  #redelivered = 0;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#services.slowness = options.slowness ?? 1;
    this.#chance = chanceOf(options.seed);
    this.#plants = plantsOf(options.plant ?? null);
    this.#history = new History(options.keepHistory ?? false);
    this.#network = new Network(this.#timeline, this.#chance.fork(), (from, to, frame) =>
      this.#history.add(this.#timeline.nowMs, `${from} -> ${to} ${frame.length}`, frame),
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
    for (const name of this.#machines.keys()) this.#start(name);
    const calmMs = START_MS + SETTLE_MS + faultyMs;
    const faults = drawFaults(this.#chance.fork(), {
      kinds,
      machines: [...this.#machines.keys()],
      fromMs: START_MS + SETTLE_MS,
      untilMs: calmMs,
      meanGapMs,
      longestMs,
    });
    const ends = new Set<() => void>();
    for (const fault of faults) this.#plan(fault, ends);
    this.#watchLaw();
    await this.#timeline.runUntil(calmMs);
    this.#note("faults end");
    this.#services.slowness = 1;
    for (const end of ends) end();
    for (const name of this.#machines.keys()) this.#start(name);
    await this.#timeline.runUntil(calmMs + SETTLE_MS);
    this.#drainLive();
    // What was held back meanwhile is still to be captured.
    await this.#timeline.runUntil(calmMs + faultyMs + DRAIN_MS, () =>
      this.#sources.every(({ ended }) => ended !== null),
    );
    const stored = await this.#results.read({ fromPosition: 0, limit: Infinity });
    const records = [...stored.records, ...this.#plants.doubles];
    for (const machine of this.#machines.values()) machine.kill();
    for (const record of records) {
      this.#history.add(this.#timeline.nowMs, "-> stored", Buffer.from(JSON.stringify(record)));
    }
    return {
      seed,
      history: this.#history.digest(),
      lines: this.#history.lines,
      faults,
      simulatedMs: this.#timeline.nowMs - START_MS,
      steps: this.#timeline.steps,
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
      this.#machines.set(
        name,
        new Machine({
          name,
          timeline: this.#timeline,
          chance: this.#chance.fork(),
          network: this.#network,
          services: SERVICES,
          faults: this.#services,
          plants: this.#plants,
          results: name === HUB ? this.#results : null,
          onEvent: (machine, event) => {
            if (event.type === "sourceEnded") this.#onEnded(machine, event.ledger, event.error);
          },
          onSchedule: (event) => {
            if (event.type !== "tableAcknowledged") return;
            this.#machine(event.node).acknowledged(event.epoch);
          },
          onWrongFrames: ({ sourceId, incarnation, sequence }) =>
            this.#problem(`frames of ${sourceId}/${incarnation}/${sequence} are not those that it claims`),
          onOldEpoch: (machine, { stage, epoch }, acknowledged) =>
            this.#problem(
              `${machine} ran "${stage}" by epoch ${epoch}, and had acknowledged ${acknowledged}`,
            ),
          onFailure: (machine, error) => this.#problem(`${machine} failed: ${errorText(error)}`),
        }),
      );
    }
    const everyMs = 100;
    for (const [index, pipeline] of PIPELINES.entries()) {
      const machine = names[1 + (index % edges)] ?? HUB;
      const live = index === 0 && this.#chance.happens(0.5);
      const frames = live ? null : Math.ceil((faultyMs / everyMs) * (0.5 + this.#chance.next() * 0.6));
      const id = `cam-${index + 1}`;
      this.#sources.push({ id, machine, camera: { name: id, frames, everyMs }, pipeline, ended: null });
    }
  }

  #machine(name: string): Machine {
    const machine = this.#machines.get(name);
    if (machine === undefined) throw new RangeError(`No machine is called "${name}"`);
    return machine;
  }

  #start(name: string): void {
    this.#machine(name).start((node, life) => {
      this.#note(`${name} is a member`);
      for (const source of this.#sources) {
        if (source.machine === name && source.ended === null) void this.#addSource(source, node, life);
      }
    });
  }

  async #addSource(source: SimulatedSource, node: SluiceNode, life: Life): Promise<void> {
    try {
      await node.addSource({
        id: parseSourceId(source.id),
        source: cameraSource(source.camera),
        capture: cameraCapture(source.camera, life),
        pipeline: source.pipeline,
        configuration: parseConfiguration({ framesPerTask: 1, encoding: "jpeg" }),
        policy: this.#drawPolicy(source.pipeline),
      });
    } catch (error) {
      // As a program would that waits for a disk.
      this.#note(`${source.id} cannot be added yet: ${errorText(error)}`);
      this.#timeline.after(RETRY_MS, () => {
        if (!life.dead) void this.#addSource(source, node, life);
      });
    }
  }

  /** Mostly each stage on some nodes that are there now. */
  #drawPolicy(pipeline: Pipeline): PolicySpec {
    if (this.#chance.happens(0.3)) return { name: this.#chance.pick(POLICIES), parameters: {} };
    const nodes = [...this.#machines.values()].flatMap(({ name, node }) => (node === null ? [] : [name]));
    const placement = pipeline.stages.map(({ id }) => {
      const [first, second] = [this.#chance.pick(nodes), this.#chance.pick(nodes)];
      return [id, [...new Set([first, second, HUB])]] as const;
    });
    return { name: "fixed", parameters: { placement: Object.fromEntries(placement) } };
  }

  #onEnded(machine: string, ledger: LedgerReported, error: Error | null): void {
    this.#note(`${ledger.sourceId} ended on ${machine}`);
    const source = this.#sources.find(({ id }) => id === ledger.sourceId);
    if (source !== undefined) source.ended = ledger;
    this.#redelivered += ledger.redelivered;
    if (error !== null) this.#problem(`${ledger.sourceId} failed: ${errorText(error)}`);
    this.#checkLaw(ledger);
  }

  // ── Faults ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #plan(fault: Fault, ends: Set<() => void>): void {
    const { kind, atMs, machine, lastsMs } = fault;
    this.#timeline.at(atMs, () => {
      this.#note(`${kind} ${machine} ${lastsMs}`);
      const undo = inject(fault, {
        machine: (name) => this.#machine(name),
        network: this.#network,
        services: this.#services,
        restart: (name) => this.#start(name),
        swapTable: () => this.#swapTable(),
      });
      const end = (): void => {
        if (ends.delete(end)) undo();
      };
      ends.add(end);
      this.#timeline.after(lastsMs, end);
    });
  }

  #swapTable(): void {
    const hub = this.#machine(HUB).node;
    if (hub === null) return;
    const source = this.#chance.pick(this.#sources);
    const policy = this.#drawPolicy(source.pipeline);
    // A hub that dies meanwhile answers nobody, and one that has started anew may not know the source yet.
    createControl(hub.system, hub.cloud, () => 0)
      .setPolicy(parseSourceId(source.id), policy)
      .catch((thrown: unknown) => this.#note(`the swap was not taken: ${errorText(thrown)}`));
  }

  /** Ends what has no end by itself, again and again, as its node may not be a member yet. */
  #drainLive(): void {
    const live = this.#sources.filter(({ camera, ended }) => camera.frames === null && ended === null);
    for (const { id, machine } of live) void this.#machine(machine).node?.drainSource(parseSourceId(id));
    if (live.length > 0) this.#timeline.after(RETRY_MS, () => this.#drainLive());
  }

  // ── Promises ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The law of conservation, asked of every node again and again. */
  #watchLaw(): void {
    this.#timeline.after(LAW_MS, () => {
      for (const { node } of this.#machines.values()) {
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
    this.#history.add(this.#timeline.nowMs, text);
  }
}

function gapsOf(records: readonly StoredRecord[]): Readonly<Record<string, number>> {
  const gaps: Record<string, number> = {};
  for (const record of records) {
    if (record.type === "gap") gaps[record.reason] = (gaps[record.reason] ?? 0) + 1;
  }
  return gaps;
}
