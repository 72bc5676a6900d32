/** Where every task is: created = stored + dropped, by reason, + in flight. */

import { number } from "./format.js";
import { sum, type Model } from "./model.js";
import { runningSources } from "./overview.js";
import { html } from "./view.js";

export function Ledger({ model }: { readonly model: Model }) {
  const { snapshot } = model;
  if (snapshot === null) return html`<p class="empty">Waiting for the cluster …</p>`;
  const running = runningSources(snapshot);
  return html`<section aria-labelledby="ledger">
    <h2 id="ledger">Ledger</h2>
    <p>
      Of each source that runs, as its node counts. <code>sluice audit</code> proves it from the stored
      records.
    </p>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Source</th>
            <th scope="col">Created</th>
            <th scope="col">Stored</th>
            <th scope="col">Dropped</th>
            <th scope="col">In flight</th>
            <th scope="col">Adds up</th>
            <th scope="col">Delivered again</th>
            <th scope="col">Frames in no task</th>
          </tr>
        </thead>
        <tbody>
          ${running.map(({ ledger }) => {
            const { sourceId, created, stored, dropped, inFlight, redelivered, framesSkipped } = ledger;
            const drops = Object.entries(dropped).filter(([, count]) => count > 0);
            const addsUp = created === stored + sum(drops.map(([, count]) => count)) + inFlight;
            return html`<tr key=${sourceId}>
              <th scope="row">${sourceId}</th>
              <td>${number(created)}</td>
              <td>${number(stored)}</td>
              <td>
                ${drops.length === 0 ? "0" : drops.map(([reason, count]) => `${reason} ${number(count)}`).join(", ")}
              </td>
              <td>${number(inFlight)}</td>
              <td class=${addsUp ? "done" : "problem"}>${addsUp ? "yes" : "no"}</td>
              <td>${number(redelivered)}</td>
              <td>${number(framesSkipped)}</td>
            </tr>`;
          })}
        </tbody>
      </table>
    </div>
    <h3>Refused by the hub</h3>
    <ul>
      ${Object.entries(snapshot.refused)
        .filter(([, count]) => count > 0)
        .map(([kind, count]) => html`<li key=${kind}>${kind}: ${number(count)}</li>`)}
    </ul>
  </section>`;
}
