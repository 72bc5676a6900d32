/** Where every task is: created = stored + dropped, by reason, + in flight. */

import type { LedgerReported } from "../../src/task/reports.js";
import { Audit } from "./audit.js";
import type { Connection } from "./connection.js";
import { number } from "./format.js";
import { GapLine } from "./gap-line.js";
import { sum, type Model } from "./model.js";
import { runningSources } from "./overview.js";
import { html, useEffect } from "./view.js";

interface LedgerProps {
  readonly model: Model;
  readonly connection: Connection;
  readonly forgetAudit: () => void;
}

export function Ledger({ model, connection, forgetAudit }: LedgerProps) {
  const { snapshot } = model;
  useEffect(() => {
    connection.watch("gaps", { topic: "gaps" });
    return () => connection.watch("gaps", null);
  }, []);
  if (snapshot === null) return html`<p class="empty">Waiting for the cluster …</p>`;
  const running = runningSources(snapshot);
  return html`<section aria-labelledby="ledger">
    <h2 id="ledger">Ledger</h2>
    <p>Of each source that runs, as its node counts; the audit below proves it from the stored records.</p>
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
            <th scope="col">Frames gated</th>
          </tr>
        </thead>
        <tbody>
          ${running.map(({ ledger }) => {
            const {
              sourceId,
              created,
              stored,
              dropped,
              inFlight,
              redelivered,
              framesSkipped,
              framesGated = 0,
            } = ledger;
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
              <td>${number(framesGated)}</td>
            </tr>`;
          })}
          <${Totals} ledgers=${running.map(({ ledger }) => ledger)} />
        </tbody>
      </table>
    </div>
    <h3>Gaps</h3>
    ${model.gaps !== null && html`<${GapLine} report=${model.gaps} />`}
    <${Audit} state=${model.audit} connection=${connection} forget=${forgetAudit} />
    <h3>Refused by the hub</h3>
    <ul>
      ${Object.entries(snapshot.refused)
        .filter(([, count]) => count > 0)
        .map(([kind, count]) => html`<li key=${kind}>${kind}: ${number(count)}</li>`)}
    </ul>
  </section>`;
}

/** Of all of them together. */
function Totals({ ledgers }: { readonly ledgers: readonly LedgerReported[] }) {
  const all = (of: (ledger: LedgerReported) => number): number => sum(ledgers.map(of));
  const dropped = all((ledger) => sum(Object.values(ledger.dropped)));
  const [created, stored, inFlight] = [
    all((ledger) => ledger.created),
    all((ledger) => ledger.stored),
    all((ledger) => ledger.inFlight),
  ];
  const addsUp = created === stored + dropped + inFlight;
  return html`<tr class="total">
    <th scope="row">All that run</th>
    <td>${number(created)}</td>
    <td>${number(stored)}</td>
    <td>${number(dropped)}</td>
    <td>${number(inFlight)}</td>
    <td class=${addsUp ? "done" : "problem"}>${addsUp ? "yes" : "no"}</td>
    <td>${number(all((ledger) => ledger.redelivered))}</td>
    <td>${number(all((ledger) => ledger.framesSkipped))}</td>
    <td>${number(all((ledger) => ledger.framesGated ?? 0))}</td>
  </tr>`;
}
