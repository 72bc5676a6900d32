/** The audit of all stored records, while somebody looks. */

import type { AuditState } from "../../src/web/page-protocol.js";
import type { Connection } from "./connection.js";
import { clockTime, number } from "./format.js";
import { html, useEffect } from "./view.js";

interface AuditProps {
  /** Null before one was asked for. */
  readonly state: AuditState | null;
  readonly connection: Connection;
  /** None is asked for any more. */
  readonly forget: () => void;
}

export function Audit({ state, connection, forget }: AuditProps) {
  // Whoever leaves wants none.
  useEffect(
    () => () => {
      connection.watch("audit", null);
      forget();
    },
    [],
  );
  const isRunning = state?.status === "running";
  const cancel = (): void => {
    connection.watch("audit", null);
    forget();
  };
  return html`<h3>Audit</h3>
    <p>Whether all stored records add up: nothing lost, and nothing in effect twice.</p>
    ${
      isRunning
        ? html`<p role="status">
            <progress max=${Math.max(1, state.of)} value=${state.read} aria-label="Records read"></progress>
            ${number(state.read)} of ${number(state.of)} records <button onClick=${cancel}>Cancel</button>
          </p>`
        : html`<button onClick=${() => connection.watch("audit", { topic: "audit" })}>
            ${state === null ? "Audit now" : "Audit again"}
          </button>`
    }
    ${state !== null && !isRunning && html`<${Outcome} state=${state} />`}`;
}

function Outcome({ state }: { readonly state: Exclude<AuditState, { readonly status: "running" }> }) {
  if (state.status === "failed") {
    return html`<p role="alert" class="problem">It could not be done: ${state.problem}</p>`;
  }
  const { atMs, records, findingCount, findingsByRule, findings, silent } = state;
  const said = silent.map(
    (node) => html`<p class="problem">What it has in flight may show as lost: ${node}</p>`,
  );
  if (findingCount === 0) {
    return html`<p role="status" class="done">
        ${clockTime(atMs)}: ${number(records)} records add up: no task was lost, and none took effect twice
      </p>
      ${said}`;
  }
  const rules = Object.entries(findingsByRule).filter(([, count]) => count > 0);
  return html`<p role="alert" class="problem">
      ${clockTime(atMs)}: ${number(records)} records do not add up:${" "}
      ${rules.map(([rule, count]) => `${rule} ${number(count)}`).join(", ")}
    </p>
    ${said}
    <div class="scroll">
      <table>
        <caption>
          ${findings.length < findingCount ? `The first ${number(findings.length)} of ${number(findingCount)}` : "All of them"}
        </caption>
        <thead>
          <tr>
            <th scope="col">About</th>
            <th scope="col">Rule</th>
            <th scope="col">What is wrong</th>
          </tr>
        </thead>
        <tbody>
          ${findings.map(
            ({ about, rule, detail }, index) =>
              html`<tr key=${index}>
                <th scope="row">${about}</th>
                <td>${rule}</td>
                <td>${detail}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
}
