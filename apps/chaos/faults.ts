/** What is done to a cluster of processes. A full disk is left to the simulation: making one takes a file system of its own. */

import { assertNever } from "../../src/runtime/errors.js";
import { parseSourceId } from "../../src/task/identity.js";
import type { Stage } from "../../src/task/pipeline.js";
import type { Prng } from "../../src/simulation/prng.js";
import { HUB, type ChaosCluster } from "./chaos-cluster.js";

export const FAULTS = ["killEdge", "killHub", "stall", "cut", "freeze", "delay", "swapTable"] as const;
export type Fault = (typeof FAULTS)[number];

/** A fault as it is drawn: what, to which process, and for how long where it is undone. */
export interface DrawnFault {
  readonly kind: Fault;
  /** Process that it happens to. */
  readonly name: string;
  /** Null where nothing is undone. */
  readonly lastsMs: number | null;
}

const STALL_MS = 5_000;
const DELAY_MS = 100;

export function drawFault(prng: Prng, edges: readonly string[], kinds: readonly Fault[]): DrawnFault {
  const kind = prng.pick(kinds);
  const name = kind === "killHub" ? HUB : prng.pick(edges);
  const lastsMs = kind === "stall" ? STALL_MS : prng.between(200, 5_000);
  const undone = kind !== "killEdge" && kind !== "killHub" && kind !== "swapTable";
  return { kind, name, lastsMs: undone ? lastsMs : null };
}

/** Injects a fault, and undoes it later by itself. */
export async function injectFault(
  { kind, name, lastsMs }: DrawnFault,
  cluster: ChaosCluster,
  swap: (source: string) => Promise<void>,
): Promise<void> {
  const victim = cluster.process(name);
  const proxy = cluster.proxy(name);
  const later = (undo: () => void): void => void setTimeout(undo, lastsMs ?? 0);
  switch (kind) {
    case "killEdge":
    case "killHub":
      await victim?.kill();
      return;
    case "stall":
      victim?.pause();
      later(() => victim?.resume());
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
      proxy?.delay(DELAY_MS);
      later(() => proxy?.delay(0));
      return;
    case "swapTable":
      await swap(sourceOf(name));
      return;
    default:
      assertNever(kind);
  }
}

/** Places every stage of a source on some node that is there now. */
export async function swapTable(
  cluster: ChaosCluster,
  prng: Prng,
  source: string,
  stages: readonly Stage[],
): Promise<void> {
  await cluster.ask(async (operator) => {
    const { nodes } = await operator.nodes();
    const names = nodes.map(({ description }) => description.name);
    const placement = stages.map(({ id }) => [id, [prng.pick(names)]] as const);
    const policy = { name: "fixed", parameters: { placement: Object.fromEntries(placement) } };
    await operator.setPolicy(parseSourceId(source), policy);
  }, 1);
}

/** Each edge has one source. */
export function sourceOf(edge: string): string {
  return `cam-${edge}`;
}
