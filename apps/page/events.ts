/** What happened in the cluster, newest first. */

import { splitEpoch } from "../../src/task/epoch.js";
import { describeSwap } from "../../src/task/model-in-use.js";
import type { HubEvent } from "../../src/web/page-protocol.js";
import { Filter } from "./filter.js";
import { clockTime, milliseconds } from "./format.js";
import type { Model } from "./model.js";
import { html, useState } from "./view.js";

export function Events({ model }: { readonly model: Model }) {
  const [filter, setFilter] = useState("");
  const wanted = filter.toLowerCase();
  const lines = model.events
    .map((event) => ({ ...event, text: textOf(event) }))
    .filter(({ of, text }) => `${of} ${text}`.toLowerCase().includes(wanted))
    .toReversed();
  return html`<section aria-labelledby="events">
    <h2 id="events">Events</h2>
    <${Filter} text=${filter} onText=${setFilter} />
    <ol class="events" aria-live="polite">
      ${lines
        .slice(0, 200)
        .map(
          ({ number, atMs, of, text }) =>
            html`<li key=${number}><time>${clockTime(atMs)}</time> <strong>${of}</strong> ${text}</li>`,
        )}
    </ol>
    ${lines.length === 0 && html`<p class="empty">Nothing of the kind has happened since the hub started</p>`}
  </section>`;
}

function textOf({ event }: HubEvent): string {
  switch (event.type) {
    case "memberUp":
      return `${event.member.name} has joined`;
    case "memberLeaving":
      return `${event.member.name} drains and leaves`;
    case "memberLeft":
      return `${event.member.name} has left`;
    case "memberDown":
      return `${event.member.name} is gone: ${event.reason}`;
    case "tablePublished":
      return `publishes table ${tableName(event.epoch)}: ${event.reason}`;
    case "tableAcknowledged":
      return `${event.node} has table ${tableName(event.epoch)} after ${milliseconds(event.afterMs)}`;
    case "sourceStarted":
      return `source ${event.sourceId} starts: ${event.description}`;
    case "sourceStalled":
      return `source ${event.sourceId} is ${event.reason}: ${event.detail}`;
    case "sourceBack":
      return `source ${event.sourceId} is back after ${milliseconds(event.afterMs)}`;
    case "sourcePaused":
      return `source ${event.sourceId} is paused by ${event.by === "policy" ? "its policy" : "an operator"}${event.reason === "" ? "" : `: ${event.reason}`}`;
    case "sourceContinued":
      return `source ${event.sourceId} captures again`;
    case "sourceEnded":
      return `source ${event.sourceId} has ended${event.error === null ? "" : `: ${event.error.message}`}`;
    case "eventsMissed":
      return `${event.count} events of ${event.node} were missed while it could not be reached`;
    case "modelSwapped":
      return describeSwap(event.model, event.node);
    case "stageFailed":
      return `cannot load ${event.stage.stage}: ${event.error.message}`;
    case "sourceResumed":
      return `source ${event.sourceId} goes on${event.error === null ? "" : `, but cannot: ${event.error.message}`}`;
    case "sinkDown":
      return `sink ${event.sink} takes nothing: ${event.problem}`;
    case "sinkUp":
      return `sink ${event.sink} takes results again after ${milliseconds(event.afterMs)}`;
    case "sinkLost":
      return `sink ${event.sink} misses results ${event.fromPosition} to ${event.toPosition}: retention deleted them first`;
    case "sinkRefused":
      return `sink ${event.sink} refused result ${event.position}: ${event.problem}`;
    case "alarmRaised":
      return `ALARM ${event.alarm}: ${event.about}: ${event.detail}`;
    case "alarmResolved":
      return `alarm ${event.alarm} of ${event.about} is resolved after ${milliseconds(event.afterMs)}`;
    case "alarmAcknowledged":
      return `alarm ${event.alarm} of ${event.about} is known to an operator`;
    case "joined":
    case "cutOff":
    case "refused":
    default:
      // Of a node that is no hub, or of a later version.
      return event.type;
  }
}

function tableName(epoch: number): string {
  const { term, table } = splitEpoch(epoch);
  return `${term}.${table}`;
}
