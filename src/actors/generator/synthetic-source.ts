/**
 * A synthetic source: makes tasks that measure a cluster, at their times whatever became of those before, and tells whoever ordered it
 * what became of each.
 *
 * SY1 Its tasks walk as those of the source that it is like: by its plan, in its configuration, vouched for, over the same stages.
 * SY2 Each task is counted from the moment at which it was due, also where it had to wait until others were at their end.
 * SY3 It makes no more than it was ordered to, has at most so many under way, and ends by itself where the cluster is loaded, where the
 *     plan is another pipeline's, and where nobody listens any more.
 * SY4 It ends once nothing of it is under way, or was for too long: so one that follows it never meets what it has left.
 */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { AskResult, Behaviour, Context } from "../../runtime/behaviour.js";
import { errorText } from "../../runtime/errors.js";
import type { ControllerMessage } from "../protocol/controller.js";
import type { NodesReported, SchedulerMessage, TableReported } from "../protocol/scheduler.js";
import type { ProbeEnd, ProbeEvent, ProbeOrder, SyntheticMessage } from "../protocol/synthetic.js";
import type { Configuration } from "../../task/configuration.js";
import { fixedNodes, type FixedNodes } from "../../task/default-placement.js";
import { pipelineKeyText, type NodeName } from "../../task/identity.js";
import type { Payload } from "../../task/payload.js";
import type { Pipeline } from "../../task/pipeline.js";
import { pipelineOfRoute, type SourceRoute } from "../../task/routing-table.js";
import { PROBE_LIMITS, syntheticOf } from "../../task/synthetic.js";
import { createTraceparent } from "../../task/traceparent.js";
import type { Vouch } from "../../task/voucher.js";
import { createTask } from "../../task/walk.js";
import { loadOf } from "./probe-load.js";
import { Placement } from "./delivery/placement.js";

type Private =
  | { readonly type: "look" }
  | { readonly type: "tableSeen"; readonly result: AskResult<TableReported> }
  | { readonly type: "nodesSeen"; readonly result: AskResult<NodesReported> }
  | { readonly type: "framesMade"; readonly result: AskResult<readonly Uint8Array[]> }
  | { readonly type: "due" }
  | { readonly type: "listenerGone" };
export type Message = SyntheticMessage | Private;
type Ctx = Context<Message>;

export interface SyntheticSourceOptions {
  readonly order: ProbeOrder;
  readonly cloud: NodeName;
  readonly controller: ActorRef<ControllerMessage>;
  readonly scheduler: ActorRef<SchedulerMessage>;
  readonly listener: ActorRef<ProbeEvent>;
  readonly vouch: Vouch;
  /** Frames as the configuration has them, `framesPerTask` of them, in shared memory; they are those of every task. */
  readonly makeFrames: (configuration: Configuration) => Promise<readonly Uint8Array[]>;
}

interface Walked {
  readonly route: SourceRoute;
  readonly pipeline: Pipeline;
  readonly placement: Placement;
}

interface UnderWay {
  readonly dueMs: number;
  readonly madeMs: number;
  readonly createdAtMs: number;
}

interface State {
  readonly incarnation: number;
  /** Null until the first table. */
  walked: Walked | null;
  /** Null until they are made. */
  frames: readonly Uint8Array[] | null;
  made: number;
  readonly underWay: Map<number, UnderWay>;
  unanswered: number;
  /** By the monotonic clock, of the next task. */
  dueMs: number;
  /** Since when there is no room for one that is due; null where there is. */
  fullSinceMs: number | null;
  /** Looks in a row at which a node was too busy. */
  busyLooks: number;
  ending: boolean;
}

const LOOK_MS = 1_000;
/** A task without an end for so long is given up. */
const ANSWER_MS = 30_000;
/** For so long tasks may be due without room for them. */
const FULL_MS = 2_000;
const BUSY_LOOKS = 3;

export function createSyntheticSource(options: SyntheticSourceOptions): Behaviour<State, Message> {
  const { order, listener, scheduler, cloud } = options;
  return {
    start(ctx) {
      ctx.watch(listener, () => ({ type: "listenerGone" }));
      ctx.every("look", LOOK_MS, { type: "look" });
      look(ctx);
      return {
        incarnation: Math.floor(ctx.now()),
        walked: null,
        frames: null,
        made: 0,
        underWay: new Map(),
        unanswered: 0,
        dueMs: 0,
        fullSinceMs: null,
        busyLooks: 0,
        ending: false,
      };
    },
    receive(state, message, ctx) {
      switch (message.type) {
        case "look":
          giveUpOld(state, ctx);
          if (!state.ending) look(ctx);
          break;
        case "tableSeen":
          onTable(state, message.result, ctx);
          break;
        case "nodesSeen":
          onNodes(state, message.result, ctx);
          break;
        case "framesMade":
          onFrames(state, message.result, ctx);
          break;
        case "due":
          break;
        case "syntheticEnded":
          onEnded(state, message, ctx);
          break;
        case "undelivered":
          if (state.underWay.delete(message.id.sequence)) state.unanswered += 1;
          break;
        case "listenerGone":
          end(state, "done", "");
          break;
        default:
          ctx.unhandled(message);
          return state;
      }
      makeDue(state, ctx);
      if (state.ending && state.underWay.size === 0) ctx.stop(ctx.self);
      return state;
    },
  };

  function look(ctx: Ctx): void {
    ctx.ask(
      scheduler,
      (replyTo: ActorRef<TableReported>) => ({ type: "reportTable", replyTo }),
      (result) => ({ type: "tableSeen", result }),
    );
    ctx.ask(
      scheduler,
      (replyTo: ActorRef<NodesReported>) => ({ type: "reportNodes", replyTo }),
      (result) => ({ type: "nodesSeen", result }),
    );
  }

  function onTable(state: State, result: AskResult<TableReported>, ctx: Ctx): void {
    // A scheduler that starts again says so later.
    if (!result.ok) return;
    const route = result.reply.table?.sources.get(order.like);
    const pipeline = route && result.reply.table ? pipelineOfRoute(result.reply.table, route) : undefined;
    if (route === undefined || pipeline === undefined) {
      end(state, "changed", `Source "${order.like}" has no plan`);
      return;
    }
    if (state.walked === null) {
      const placement = new Placement(cloud, { ...nodesOf(pipeline, route), placedOn: [] });
      state.walked = { route, pipeline, placement };
      ctx.pipe(options.makeFrames(route.configuration), (made) => ({ type: "framesMade", result: made }));
      return;
    }
    const walks = (of: Pipeline): string => pipelineKeyText(of.id, of.version);
    if (walks(pipeline) !== walks(state.walked.pipeline)) {
      end(state, "changed", `Source "${order.like}" walks pipeline "${walks(pipeline)}" by now`);
      return;
    }
    state.walked = { ...state.walked, route };
  }

  /** A route of a table has a place for each stage. */
  function nodesOf(pipeline: Pipeline, { placement }: SourceRoute): FixedNodes {
    return fixedNodes(pipeline, { node: cloud, cloud, runs: () => true }, placement);
  }

  function onFrames(state: State, result: AskResult<readonly Uint8Array[]>, ctx: Ctx): void {
    if (!result.ok) {
      end(state, "failed", errorText(result.error));
      return;
    }
    state.frames = result.reply;
    state.dueMs = ctx.monotonic();
  }

  function onNodes(state: State, result: AskResult<NodesReported>, ctx: Ctx): void {
    if (!result.ok || state.walked === null) return;
    const parts = new Set([cloud, ...[...state.walked.route.placement.values()].flat()]);
    const load = loadOf(result.reply, parts, order.cpuShareMax);
    state.busyLooks = load?.kind === "busy" ? state.busyLooks + 1 : 0;
    if (load?.kind === "queued" || state.busyLooks >= BUSY_LOOKS) end(state, "loaded", load?.detail ?? "");
    const fullMs = state.fullSinceMs === null ? 0 : ctx.monotonic() - state.fullSinceMs;
    if (fullMs >= FULL_MS) {
      end(state, "loaded", `For ${Math.round(fullMs)} ms ${state.underWay.size} tasks have been under way`);
    }
  }

  /** Makes what is due, as far as there is room, and sets the timer of the next one. */
  function makeDue(state: State, ctx: Ctx): void {
    const { walked, frames } = state;
    if (walked === null || frames === null || state.ending) return;
    const nowMs = ctx.monotonic();
    while (state.made < order.tasks && state.dueMs <= nowMs) {
      if (state.underWay.size >= PROBE_LIMITS.underWayMax) {
        state.fullSinceMs ??= nowMs;
        return;
      }
      make(state, walked, frames, ctx);
      const gapMs = 1_000 / order.perSecond;
      state.dueMs += order.arrivals === "constant" ? gapMs : -Math.log(1 - ctx.random()) * gapMs;
    }
    state.fullSinceMs = null;
    if (state.made >= order.tasks) {
      if (state.underWay.size === 0) end(state, "done", "");
      return;
    }
    ctx.after("due", state.dueMs - nowMs, { type: "due" });
  }

  function make(
    state: State,
    { route, pipeline, placement }: Walked,
    frames: readonly Uint8Array[],
    ctx: Ctx,
  ): void {
    const sequence = state.made;
    state.made += 1;
    const { configuration } = route;
    const createdAtMs = ctx.now();
    const { joinNodes, statefulNodes } = nodesOf(pipeline, route);
    const branches = createTask({
      id: { sourceId: syntheticOf(order.like), incarnation: state.incarnation, sequence },
      pipeline,
      configuration,
      payload: payloadOf(configuration, frames, sequence),
      sourceAtMs: createdAtMs,
      createdAtMs,
      origin: ctx.self.address,
      traceparent: createTraceparent(() => ctx.random()),
      joinNodes,
      pins: placement.pin(statefulNodes),
    });
    const [first] = branches;
    if (first === undefined) throw new TypeError("A pipeline without a root");
    const voucher = options.vouch(first);
    state.underWay.set(sequence, { dueMs: state.dueMs, madeMs: ctx.monotonic(), createdAtMs });
    for (const branch of branches) options.controller.tell({ type: "submit", task: { ...branch, voucher } });
  }

  function onEnded(
    state: State,
    { id, outcome, hops }: Extract<SyntheticMessage, { readonly type: "syntheticEnded" }>,
    ctx: Ctx,
  ): void {
    const known = id.incarnation === state.incarnation ? state.underWay.get(id.sequence) : undefined;
    if (known === undefined) return;
    state.underWay.delete(id.sequence);
    if (state.ending) return;
    listener.tell({
      type: "probeTask",
      sequence: id.sequence,
      outcome,
      tookMs: ctx.monotonic() - known.dueMs,
      createdAtMs: known.createdAtMs,
      endedAtMs: ctx.now(),
      hops,
    });
  }

  function giveUpOld(state: State, ctx: Ctx): void {
    const oldMs = ctx.monotonic() - ANSWER_MS;
    for (const [sequence, { madeMs }] of state.underWay) {
      if (madeMs > oldMs) continue;
      state.underWay.delete(sequence);
      state.unanswered += 1;
    }
  }

  /** Whoever ordered it is told now; what is under way ends unheard. */
  function end(state: State, reason: ProbeEnd, detail: string): void {
    if (state.ending) return;
    state.ending = true;
    const unanswered = state.unanswered + state.underWay.size;
    listener.tell({ type: "probeEnded", reason, detail, made: state.made, unanswered });
  }
}

function payloadOf(
  { encoding, width, height, fps }: Configuration,
  frames: readonly Uint8Array[],
  sequence: number,
): Payload {
  const firstUs = (sequence * frames.length * 1e6) / fps;
  return {
    encoding,
    width,
    height,
    frames: frames.map((data, index) => ({ ptsUs: Math.round(firstUs + (index * 1e6) / fps), data })),
  };
}
