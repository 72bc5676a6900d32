/** What goes on in the cluster, at a glance: its sources, and its nodes. */

import type { ClusterSnapshot } from "../../src/web/page-protocol.js";
import type { LedgerReported } from "../../src/task/reports.js";
import { age, bytes, milliseconds, number, rate, share } from "./format.js";
import { AddSource, orderAgent } from "./add-source.js";
import { useAttempt } from "./attempt.js";
import type { Connection } from "./connection.js";
import { mayCapture, UnhostedTile, unhostedSources } from "./hosting.js";
import { LivePicture } from "./live-picture.js";
import type { PictureFeed } from "./pictures.js";
import { rateOf, sum, type Model } from "./model.js";
import { useSeen } from "./seen.js";
import { html, useRef, type Child } from "./view.js";

/** From then on a source that stores nothing is marked. */
const STALE_MS = 10_000;

interface OverviewProps {
  readonly model: Model;
  readonly feed: PictureFeed;
  readonly connection: Connection;
}

export function Overview({ model, feed, connection }: OverviewProps) {
  const { snapshot } = model;
  if (snapshot === null) return html`<p class="empty">Waiting for the cluster …</p>`;
  return html`<section aria-labelledby="sources">
      <h2 id="sources">Sources</h2>
      <${Sources} model=${model} feed=${feed} snapshot=${snapshot} />
      ${
        model.maySteer &&
        html`<${AddSource}
          nodes=${snapshot.nodes.nodes.map(({ description }) => description.name)}
          connection=${connection}
        />`
      }
    </section>
    <section aria-labelledby="nodes">
      <h2 id="nodes">Nodes</h2>
      <${Nodes} snapshot=${snapshot} connection=${connection} maySteer=${model.maySteer} />
    </section>`;
}

type SeenProps = Omit<OverviewProps, "connection">;

interface RunningSource {
  readonly node: string;
  readonly ledger: LedgerReported;
}

/** Of those that run, by name. */
export function runningSources(snapshot: ClusterSnapshot): readonly RunningSource[] {
  return Object.entries(snapshot.ledgers)
    .flatMap(([node, those]) => those.map((ledger) => ({ node, ledger })))
    .filter(({ node, ledger }) => mayCapture(snapshot, ledger.sourceId, node))
    .sort((a, b) => a.ledger.sourceId.localeCompare(b.ledger.sourceId));
}

function Sources({ model, feed, snapshot }: SeenProps & { readonly snapshot: ClusterSnapshot }) {
  const running = runningSources(snapshot);
  const waiting = unhostedSources(snapshot, new Set(running.map(({ ledger }) => ledger.sourceId)));
  if (running.length + waiting.length === 0) {
    return html`<p class="empty">
      No source runs. Start one with <code>sluice run --pipeline FILE --source VIDEO --on NODE</code>.
    </p>`;
  }
  return html`<ul class="tiles">
    ${running.map((source) => html`<${Tile} key=${source.ledger.sourceId} ...${source} model=${model} feed=${feed} />`)}
    ${waiting.map((source) => html`<${UnhostedTile} key=${source} source=${source} hosting=${snapshot.hosted[source]} />`)}
  </ul>`;
}

/** One that is out of sight stays as it was, but for its mark. */
function Tile({ node, ledger, model, feed }: RunningSource & SeenProps) {
  const { sourceId, status, inFlight, window, stored } = ledger;
  const moments = model.history.get(sourceId) ?? [];
  const tasks = rateOf(moments);
  const dropped = sum(Object.values(ledger.dropped));
  const lately = moments.slice(-10);
  const isDropping = (lately.at(-1)?.dropped ?? 0) > (lately[0]?.dropped ?? 0);
  const route = model.snapshot?.table.table?.sources.get(sourceId);
  const report = model.snapshot?.sources[sourceId];
  const isPaused = (report?.pause ?? null) !== null;
  const mark = isPaused ? PAUSED : markOf(status, tasks, moments.length, isDropping);
  const drawn = useRef<{ readonly mark: string | undefined; readonly tile: Child } | null>(null);
  const [place, isSeen] = useSeen();
  if (drawn.current !== null && !isSeen && drawn.current.mark === mark?.text) return drawn.current.tile;
  const tile = html`<li ref=${place} class=${`tile ${mark?.level ?? ""}`}>
    <a href=${`#/source/${encodeURIComponent(sourceId)}`}>
      <${LivePicture} source=${sourceId} feed=${feed} fps=${2} widthMax=${320} isCaptioned=${false}>
        <div class="waiting"></div>
      <//>
      <h3>${sourceId}</h3>
      ${mark !== null && html`<p class="mark">${mark.text}</p>`}
      <p class="rate">${rate(tasks, "tasks/s")}</p>
      <dl>
        <dt>on</dt>
        <dd>${node}, ${status}</dd>
        ${
          report !== undefined &&
          html`<dt>latency</dt>
            <dd>
              p50 ${milliseconds(report.figures.latencyMs?.p50 ?? null)}, p95${" "}
              ${milliseconds(report.figures.latencyMs?.p95 ?? null)}
            </dd>
            <dt>decided by</dt>
            <dd>${report.policy.name}</dd>`
        }
        <dt>stored</dt>
        <dd>${number(stored)}</dd>
        <dt>dropped</dt>
        <dd>${number(dropped)}</dd>
        <dt>in flight</dt>
        <dd>${inFlight} of ${window}</dd>
        ${
          route !== undefined &&
          html`<dt>captured</dt>
            <dd>
              ${route.configuration.width}x${route.configuration.height}, ${route.configuration.fps} fps
            </dd>`
        }
      </dl>
    </a>
  </li>`;
  drawn.current = { mark: mark?.text, tile };
  return tile;
}

const PAUSED = { level: "warn", text: "paused" } as const;

function markOf(
  status: LedgerReported["status"],
  tasks: number | null,
  seconds: number,
  isDropping: boolean,
): { readonly level: "bad" | "warn"; readonly text: string } | null {
  if (status === "failed") return { level: "bad", text: "failed" };
  if (status === "reconnecting") return { level: "bad", text: "the source is away" };
  if (isDropping) return { level: "warn", text: "drops tasks" };
  if (tasks === 0 && seconds * 1_000 > STALE_MS) return { level: "warn", text: "stores nothing" };
  return null;
}

interface NodesProps {
  readonly snapshot: ClusterSnapshot;
  readonly connection: Connection;
  readonly maySteer: boolean;
}

function Nodes({ snapshot, connection, maySteer }: NodesProps) {
  const [said, attempt] = useAttempt();
  const drain = (node: string): void => {
    if (
      !confirm(`Drain ${node}? Its sources stop, what is under way is finished, and it leaves the cluster.`)
    )
      return;
    void attempt(`${node} is drained, and leaves`, () => orderAgent(connection, node, { type: "drain" }));
  };
  const hub = snapshot.table.table?.fallback;
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          <th scope="col">Node</th>
          <th scope="col">Role</th>
          <th scope="col">Busy</th>
          <th scope="col">Memory</th>
          <th scope="col">Waiting</th>
          <th scope="col">To the hub</th>
          <th scope="col">Table</th>
          <th scope="col">Sample</th>
          ${maySteer && html`<th scope="col">Order</th>`}
        </tr>
      </thead>
      <tbody>
        ${snapshot.nodes.nodes.map(({ description, sample, failures }) => {
          const { name, role } = description;
          const held = snapshot.table.acknowledged[name];
          const isCurrent = held === snapshot.table.table?.epoch;
          const link = hub === undefined ? undefined : sample?.links[hub];
          return html`<tr key=${name}>
            <th scope="row">
              ${name}${failures.length > 0 && html` <span class="mark">${failures.length} stages fail</span>`}
            </th>
            <td>${role}</td>
            <td><${Meter} value=${sample?.cpuShare} /></td>
            <td>
              ${sample === null ? "–" : `${bytes(sample.memoryUsedBytes)} of ${bytes(sample.memoryTotalBytes)}`}
            </td>
            <td>${sample === null ? "–" : sum(Object.values(sample.queued))}</td>
            <td>${name === hub ? "the hub" : milliseconds(link?.rttMs ?? null)}</td>
            <td>${isCurrent ? "current" : "behind"}</td>
            <td>${sample === null ? "–" : age(snapshot.atMs - sample.atMs)}</td>
            ${
              maySteer &&
              html`<td>
                ${name !== hub && html`<button aria-label=${`Drain ${name}`} onClick=${() => drain(name)}>Drain</button>`}
              </td>`
            }
          </tr>`;
        })}
      </tbody>
    </table>
    ${said}
  </div>`;
}

function Meter({ value }: { readonly value: number | undefined }) {
  if (value === undefined) return html`–`;
  return html`<meter min="0" max="1" high="0.8" optimum="0" value=${value}></meter> ${share(value)}`;
}
