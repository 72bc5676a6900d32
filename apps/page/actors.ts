/** The actors of a node: what waits for each, how often each has started again, and which messages were lost. */

import type { ActorsReported, DeadLettersReported } from "../../src/actors/protocol/agent.js";
import type { ActorFigures } from "../../src/runtime/actor-figures.js";
import { useAsked } from "./asked.js";
import type { Connection } from "./connection.js";
import { Filter } from "./filter.js";
import { clockTime, number } from "./format.js";
import type { Model } from "./model.js";
import { html, useState } from "./view.js";

interface ActorsProps {
  /** Null of the hub. */
  readonly node: string | null;
  readonly model: Model;
  readonly connection: Connection;
}

export function Actors({ node, model, connection }: ActorsProps) {
  const shown = node ?? model.hub;
  if (shown === null || model.snapshot === null) return html`<p class="empty">Waiting for the cluster …</p>`;
  const known = model.snapshot.nodes.nodes.map(({ description }) => description.name as string);
  const nodes = known.includes(shown) ? known : [...known, shown];
  const go = (event: Event): void => {
    location.hash = `#/actors/${encodeURIComponent((event.target as HTMLSelectElement).value)}`;
  };
  return html`<section aria-labelledby="actors">
    <h2 id="actors">Actors</h2>
    <label class="filter">
      Of
      <select onChange=${go}>
        ${nodes.map((name) => html`<option key=${name} value=${name} selected=${name === shown}>${name}</option>`)}
      </select>
    </label>
    <${Tree} key=${`tree ${shown}`} node=${shown} connection=${connection} />
    ${model.maySteer && html`<${DeadLetters} key=${`letters ${shown}`} node=${shown} connection=${connection} />`}
  </section>`;
}

interface NodeProps {
  readonly node: string;
  readonly connection: Connection;
}

function Tree({ node, connection }: NodeProps) {
  const { reply, problem } = useAsked<ActorsReported>(node, () =>
    connection.ask(`sluice://${node}/agent`, { type: "reportActors" }),
  );
  if (problem !== null) return html`<p role="alert" class="problem">${problem}</p>`;
  if (reply === null) return html`<p class="empty">Asking ${node} …</p>`;
  const lost = Object.entries(reply.deadLetters).filter(([, count]) => count > 0);
  return html`<div class="scroll">
      <table>
        <caption>
          ${captionOf(reply)}
        </caption>
        <thead>
          <tr>
            <th scope="col">Actor</th>
            <th scope="col">Waiting messages</th>
            <th scope="col">Restarts</th>
            <th scope="col">State</th>
          </tr>
        </thead>
        <tbody>
          ${reply.actors.map((actor, index) => html`<${Row} key=${`${actor.path} ${index}`} ...${actor} />`)}
        </tbody>
      </table>
    </div>
    <p>
      Messages that nobody took since ${node} started:${" "}
      ${lost.length === 0 ? "none" : lost.map(([reason, count]) => `${reason} ${number(count)}`).join(", ")}
    </p>`;
}

function captionOf({ actors, left }: ActorsReported): string {
  const shown = left > 0 ? `, of which ${number(actors.length)} are shown` : "";
  return `${number(actors.length + left)} actors${shown}`;
}

const STATUS: Readonly<Record<ActorFigures["status"], string>> = {
  running: "runs",
  waiting: "has failed, and starts again",
  stopping: "stops",
};

function Row({ path, status, waiting, restarts }: ActorFigures) {
  const parts = path.slice(1).split("/");
  return html`<tr>
    <th scope="row" style=${{ paddingLeft: `${parts.length * 1.2}rem` }}>
      <span class="unseen">${parts.slice(0, -1).map((part) => `${part}/`)}</span>${parts.at(-1)}
    </th>
    <td>${number(waiting)}</td>
    <td class=${restarts > 0 ? "problem" : ""}>${number(restarts)}</td>
    <td class=${status === "waiting" ? "problem" : ""}>${STATUS[status]}</td>
  </tr>`;
}

function DeadLetters({ node, connection }: NodeProps) {
  const [filter, setFilter] = useState("");
  const { reply } = useAsked<DeadLettersReported>(node, () =>
    connection.ask(`sluice://${node}/agent`, { type: "reportDeadLetters" }),
  );
  const wanted = filter.toLowerCase();
  const letters = (reply?.letters ?? []).filter(({ target, reason, text }) =>
    `${target} ${reason} ${text}`.toLowerCase().includes(wanted),
  );
  return html`<h3>Dead letters</h3>
    <${Filter} text=${filter} onText=${setFilter} />
    <ol class="events">
      ${letters.map(
        ({ atMs, target, reason, text }, index) =>
          html`<li key=${`${atMs} ${index}`}>
            <time>${clockTime(atMs)}</time> <strong>${target}</strong> ${reason}: <code>${text}</code>
          </li>`,
      )}
    </ol>
    ${letters.length === 0 && html`<p class="empty">None of the kind is kept</p>`}`;
}
