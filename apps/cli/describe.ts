/** Events of a cluster as lines for people; null where there is nothing to say. */

import type { AlarmEvent, SinkEvent } from "../../src/task/hub-events.js";
import { formatDuration } from "./units.js";
import { describeSwap } from "../../src/task/model-in-use.js";
import { countDrops } from "../../src/task/ledger.js";
import type { NodeEvent } from "../../src/actors/protocol/generator.js";
import type { SchedulerEvent } from "../../src/actors/protocol/scheduler.js";
import { assertNever } from "../../src/runtime/errors.js";
import { tableText } from "../epoch-text.js";
import { gatedFramesText, unusedFramesText } from "../unused-frames.js";
import type { ClusterEvent } from "../../src/transport/cluster/cluster.js";

/** @param own name of the node that prints it */
export function describeCluster(event: ClusterEvent, own: string): string | null {
  if ("member" in event && (event.member.name === own || event.member.roles.includes("operator")))
    return null;
  switch (event.type) {
    case "memberUp":
      return `${event.member.name} has joined (${event.member.roles.join(", ")}, session ${event.member.session})`;
    case "memberLeaving":
      return `${event.member.name} is leaving`;
    case "memberLeft":
      return `${event.member.name} has left`;
    case "memberDown":
      return `${event.member.name} is down: ${event.reason}`;
    case "joined":
      return event.attempt > 1 ? `Joined again after ${event.attempt} attempts` : null;
    case "cutOff":
      return `Lost the connection to the hub, reconnecting: ${event.reason}`;
    case "refused":
      return null;
    default:
      return assertNever(event);
  }
}

export function describeSchedule(event: SchedulerEvent): string | null {
  if (event.type === "tableAcknowledged") return null;
  const of = event.sources.length === 0 ? "" : ` for ${event.sources.join(", ")}`;
  return `Routing table ${tableText(event.epoch)}${of}: ${event.reason}`;
}

export function describeSink(event: SinkEvent): string {
  const { sink } = event;
  switch (event.type) {
    case "sinkDown":
      return `sink ${sink} takes nothing, and is tried again: ${event.problem}`;
    case "sinkUp":
      return `sink ${sink} takes results again after ${formatDuration(event.afterMs)}`;
    case "sinkLost":
      return `sink ${sink} misses the results at ${event.fromPosition} to ${event.toPosition}: retention deleted them before it took them`;
    case "sinkRefused":
      return `sink ${sink} refused the result at ${event.position}, which is passed over: ${event.problem}`;
    default:
      return assertNever(event);
  }
}

export function describeAlarm(event: AlarmEvent): string {
  const { alarm, about } = event;
  switch (event.type) {
    case "alarmRaised":
      return `ALARM ${alarm}: ${about}: ${event.detail}`;
    case "alarmResolved":
      return `alarm ${alarm} of ${about} is resolved after ${formatDuration(event.afterMs)}`;
    case "alarmAcknowledged":
      return `alarm ${alarm} of ${about} is known to an operator`;
    default:
      return assertNever(event);
  }
}

export function describeNode(event: NodeEvent): string | null {
  switch (event.type) {
    case "sourceStarted":
      return `${event.sourceId}: ${event.description}`;
    case "sourceResumed": {
      const { sourceId, description, error } = event;
      if (error !== null) return `${sourceId}: cannot go on with it: ${error.message}`;
      return `${sourceId}: goes on, as it was not ended before this node stopped (${description})`;
    }
    case "sourceStalled":
      return event.attempt === 0
        ? `${event.sourceId}: source ${event.reason}: it sends nothing, and is waited for`
        : `${event.sourceId}: source ${event.reason}, reconnecting (attempt ${event.attempt}): ${event.detail}`;
    case "sourceBack":
      return `${event.sourceId}: source is back after ${(event.afterMs / 1_000).toFixed(1)} s`;
    case "sourcePaused":
      return `${event.sourceId}: paused by ${event.by === "policy" ? "its policy" : "an operator"}${event.reason === "" ? "" : `: ${event.reason}`}`;
    case "sourceContinued":
      return `${event.sourceId}: captures again`;
    case "sourceEnded": {
      const { created, stored, inFlight, framesSkipped, framesGated = 0, timeSteps } = event.ledger;
      const dropped = countDrops(event.ledger.dropped);
      const how = event.error === null ? "ended" : `failed: ${event.error.message}`;
      const unused = framesSkipped === 0 ? "" : `, ${unusedFramesText(framesSkipped)}`;
      const gated = framesGated === 0 ? "" : `, ${gatedFramesText(framesGated)}`;
      const steps = timeSteps === 0 ? "" : `, times stepped ${timeSteps} times`;
      return `${event.sourceId}: ${how}; ${created} tasks, ${stored} stored, ${dropped} dropped, ${inFlight} in flight${unused}${gated}${steps}`;
    }
    case "stageFailed":
      return `stage "${event.stage.stage}" cannot run on ${event.node}: ${event.error.message}`;
    case "modelSwapped":
      return describeSwap(event.model, event.node);
    case "eventsMissed":
      return `${event.count} events of ${event.node} were missed while it could not be reached`;
    default:
      return assertNever(event);
  }
}
