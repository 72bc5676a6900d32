/** Measures a cluster from outside: how far each node is away, and what tasks meet on their way through a pipeline. */

import type { ActorRef } from "../runtime/actor-ref.js";
import type { Behaviour } from "../runtime/behaviour.js";
import type { ActorSystem } from "../runtime/system.js";
import { askNode } from "../actors/guard/ask-node.js";
import { AGENT_REPLY, PONG } from "../actors/guard/replies.js";
import type { AgentMessage } from "../actors/protocol/agent.js";
import type { MonitorMessage } from "../actors/protocol/monitor.js";
import type { ProbeEvent, ProbeOrder } from "../actors/protocol/synthetic.js";
import type { NodeName } from "../task/identity.js";
import type { Pipeline } from "../task/pipeline.js";
import { pipelineOfRoute } from "../task/routing-table.js";
import { SluiceError } from "../task/errors.js";
import type { Control } from "./control.js";
import { ProbeFigures, type ProbeReport } from "./probe-report.js";
import { secretName } from "./secret-name.js";

/** What is to be measured of a cluster. */
export interface ProbeOptions {
  /** Tasks walk as those of this source do; null measures round trips alone. */
  readonly source: ProbeOrder["like"] | null;
  /** Default 5, at most 200. */
  readonly perSecond?: number;
  /** Default 50, at most 10,000. */
  readonly tasks?: number;
  /** Default `poisson`. */
  readonly arrivals?: ProbeOrder["arrivals"];
  /** Ends where a node with a part in it is busier than this, 0 to 1, for three seconds; 1 never does. Default 0.9. */
  readonly cpuShareMax?: number;
  /** Round trips to each node. Default 20, at most 1,000. */
  readonly roundTrips?: number;
  /** Called once synthetic tasks are made. */
  readonly onOpen?: () => void;
  /** Ends it, and the report says what there is. */
  readonly signal?: AbortSignal;
}

const PROBE_DEFAULTS = {
  perSecond: 5,
  tasks: 50,
  arrivals: "poisson",
  cpuShareMax: 0.9,
  roundTrips: 20,
} as const;

/** Between two round trips to one node. */
const ROUND_TRIP_EVERY_MS = 100;
/** Beyond it a task of the hub's would be given up there. */
const SILENCE_MS = 40_000;

interface Prober {
  readonly system: ActorSystem;
  readonly cloud: NodeName;
  readonly control: Pick<Control, "table">;
  /** Those that are members now, without operators. */
  readonly nodes: () => readonly NodeName[];
}

/**
 * Round trips first, so that they are those of the cluster as it is; then tasks.
 *
 * @throws SluiceError `source-missing`, `probe-refused`
 */
export async function probeCluster(prober: Prober, options: ProbeOptions): Promise<ProbeReport> {
  const asked = { ...PROBE_DEFAULTS, ...options };
  const figures = new ProbeFigures();
  const pipeline = asked.source === null ? null : await pipelineOf(prober, asked.source);
  await Promise.all(prober.nodes().map((node) => roundTrips(prober, node, asked, figures)));
  if (asked.source !== null && pipeline !== null && asked.signal?.aborted !== true) {
    const { source: like, perSecond, tasks, arrivals, cpuShareMax } = asked;
    await walk(prober, { like, perSecond, tasks, arrivals, cpuShareMax }, pipeline, figures, asked);
  }
  return figures.report(asked.signal?.aborted === true);
}

async function pipelineOf({ control }: Prober, source: ProbeOrder["like"]): Promise<Pipeline> {
  const { table } = await control.table();
  const route = table?.sources.get(source);
  const pipeline = table !== null && route !== undefined ? pipelineOfRoute(table, route) : undefined;
  if (pipeline !== undefined) return pipeline;
  throw new SluiceError(`Cannot measure as source "${source}" does as no such source runs`, {
    code: "source-missing",
  });
}

/** Asks what any node answers at once, and counts one that does not as lost. */
async function roundTrips(
  { system }: Prober,
  node: NodeName,
  { roundTrips: count, signal }: { readonly roundTrips: number; readonly signal?: AbortSignal },
  figures: ProbeFigures,
): Promise<void> {
  const monitor = system.resolve<MonitorMessage>(`sluice://${node}/monitor`);
  for (let n = 0; n < count; n += 1) {
    if (signal?.aborted === true) return;
    const askedMs = system.clock.monotonic();
    try {
      const sentAtMs = system.clock.now();
      await askNode(system, monitor, PONG, (replyTo) => ({ type: "ping", sentAtMs, replyTo }), {
        lane: "control",
      });
      figures.roundTrip(node, system.clock.monotonic() - askedMs);
    } catch {
      // A node that is gone, or does not answer in time.

      figures.silent(node);
    }
    await new Promise<void>((resolve) => void system.clock.after(ROUND_TRIP_EVERY_MS, resolve));
  }
}

/** Resolves once the hub says that it has ended, or does not say anything any more. */
async function walk(
  { system, cloud }: Prober,
  order: ProbeOrder,
  pipeline: Pipeline,
  figures: ProbeFigures,
  { signal, onOpen = () => {} }: Pick<ProbeOptions, "signal" | "onOpen">,
): Promise<void> {
  const agent = system.resolve<AgentMessage>(`sluice://${cloud}/agent`);
  figures.walks(order, pipeline);
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => (end = resolve));
  const listener: ActorRef<ProbeEvent> = system.spawn(
    listening(figures, () => end()),
    {
      name: secretName(system, `probe-of-${cloud}`),
      mailbox: { capacity: 4_096 },
    },
  );
  const stop = (): void => end();
  signal?.addEventListener("abort", stop, { once: true });
  try {
    const reply = await askNode(system, agent, AGENT_REPLY, (replyTo) => ({
      type: "openProbe",
      probe: order,
      listener,
      replyTo,
    }));
    if (reply.type === "refused") throw reply.error;
    onOpen();
    await ended;
  } finally {
    signal?.removeEventListener("abort", stop);
    // The hub watches it, and makes no more.
    await system.stop(listener);
  }
}

type Listened = ProbeEvent | { readonly type: "silence" };

function listening(figures: ProbeFigures, onEnd: () => void): Behaviour<null, Listened> {
  return {
    start(ctx) {
      ctx.after("silence", SILENCE_MS, { type: "silence" });
      return null;
    },
    receive(state, event, ctx) {
      ctx.after("silence", SILENCE_MS, { type: "silence" });
      switch (event.type) {
        case "probeTask":
          figures.task(event);
          return state;
        case "probeEnded":
          figures.ended(event);
          onEnd();
          return state;
        case "silence":
          figures.ended({
            type: "probeEnded",
            reason: "failed",
            detail: `The hub has said nothing for ${SILENCE_MS / 1_000} s`,
            made: 0,
            unanswered: 0,
          });
          onEnd();
          return state;
        default:
          ctx.unhandled(event);
          return state;
      }
    },
  };
}
