/** Who captures a source that any of several nodes may. */

import type { HostingReport } from "../../src/task/hosting.js";
import type { ClusterSnapshot } from "../../src/web/page-protocol.js";
import { clockTime } from "./format.js";
import { html } from "./view.js";

/** Whether what a node says of a source counts: one that has lost it to another node ends there soon. */
export function mayCapture({ hosted }: ClusterSnapshot, source: string, node: string): boolean {
  const { host = node } = hosted[source] ?? {};
  return host === node;
}

/** Those that no node captures now, by name. */
export function unhostedSources(
  { hosted }: ClusterSnapshot,
  running: ReadonlySet<string>,
): readonly string[] {
  return Object.keys(hosted)
    .filter((source) => !running.has(source))
    .sort();
}

/** A tile of a source that no node captures. */
export function UnhostedTile({
  source,
  hosting,
}: {
  readonly source: string;
  readonly hosting: HostingReport;
}) {
  return html`<li class="tile warn">
    <a href=${`#/source/${encodeURIComponent(source)}`}>
      <div class="waiting"></div>
      <h3>${source}</h3>
      <p class="mark">${hosting.status === "waiting" ? "waits for a node" : "gets another node"}</p>
      <dl>
        <dt>may be on</dt>
        <dd>${candidatesText(hosting)}</dd>
        ${
          hosting.detail !== "" &&
          html`<dt>as</dt>
            <dd>${hosting.detail}</dd>`
        }
      </dl>
    </a>
  </li>`;
}

/** Which nodes may capture it, which one does, and how that has changed, newest first. */
export function Hosts({ hosting }: { readonly hosting: HostingReport }) {
  const { host, status, detail, history } = hosting;
  const now = host === null ? "no node captures it now" : `${host} captures it`;
  return html`<section aria-labelledby="hosts">
    <h3 id="hosts">Captured by</h3>
    <p>${now}, of ${candidatesText(hosting)}${status === "captured" || detail === "" ? "" : `: ${detail}`}</p>
    <ol class="changes" reversed>
      ${history
        .slice(-20)
        .toReversed()
        .map(
          ({ atMs, node, why }) =>
            html`<li key=${atMs}><time>${clockTime(atMs)}</time> ${node} captures it: ${why}</li>`,
        )}
    </ol>
  </section>`;
}

function candidatesText({ candidates, choice }: HostingReport): string {
  const who = candidates === "any" ? "any node" : candidates.join(", ");
  return `${who} (${choice === "leastLoaded" ? "least loaded" : choice})`;
}
