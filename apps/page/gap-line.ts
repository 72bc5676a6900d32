/** The tasks of the whole cluster that were dropped in the last hour, on a line of time for each source. */

import type { GapsReport } from "../../src/web/page-protocol.js";
import { clockTime, number } from "./format.js";
import { sum } from "./model.js";
import { html } from "./view.js";

/** Sources with a line of their own: those that dropped most. */
const LINES_MAX = 24;
const ROW_PX = 14;

interface SourceGaps {
  readonly source: string;
  readonly gaps: GapsReport["gaps"];
  readonly count: number;
}

export function GapLine({ report }: { readonly report: GapsReport }) {
  const lines = bySource(report.gaps);
  if (lines.length === 0) return html`<p class="done">No task was dropped in the last hour</p>`;
  const { fromMs, periodMs, periods } = report;
  const untilMs = fromMs + periods * periodMs;
  const shown = lines.slice(0, LINES_MAX);
  const most = Math.max(...report.gaps.map(({ count }) => count));
  const said = `Tasks dropped from ${clockTime(fromMs)} to ${clockTime(untilMs)}`;
  return html`<figure class="time-line">
      <svg
        viewBox=${`0 0 ${periods} ${shown.length * ROW_PX}`}
        preserveAspectRatio="none"
        style=${{ height: `${shown.length * ROW_PX}px` }}
        role="img"
        aria-label=${`${said}, by source: the table below has the same in figures`}
      >
        ${shown.map(({ source, gaps }, row) =>
          gaps.map(({ period, reason, count }) => {
            const height = 3 + (count / most) * (ROW_PX - 4);
            return html`<rect
              key=${`${source} ${period} ${reason}`}
              class="lost"
              x=${period}
              y=${(row + 1) * ROW_PX - height}
              width="1"
              height=${height}
            >
              <title>${source}, ${clockTime(fromMs + period * periodMs)}: ${reason} ${number(count)}</title>
            </rect>`;
          }),
        )}
      </svg>
      <figcaption>${said}: a line each, in the order of the table</figcaption>
    </figure>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Source</th>
            <th scope="col">Dropped</th>
            <th scope="col">By reason</th>
            <th scope="col">Last at</th>
          </tr>
        </thead>
        <tbody>
          ${lines.map(
            ({ source, gaps, count }) =>
              html`<tr key=${source}>
                <th scope="row"><a href=${`#/source/${encodeURIComponent(source)}`}>${source}</a></th>
                <td>${number(count)}</td>
                <td>${reasonsOf(gaps)}</td>
                <td>${clockTime(fromMs + Math.max(...gaps.map(({ period }) => period)) * periodMs)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
}

function bySource(gaps: GapsReport["gaps"]): readonly SourceGaps[] {
  return [...groupBy(gaps, ({ source }) => source)]
    .map(([source, those]) => ({ source, gaps: those, count: sum(those.map(({ count }) => count)) }))
    .sort((a, b) => b.count - a.count);
}

function reasonsOf(gaps: GapsReport["gaps"]): string {
  return [...groupBy(gaps, ({ reason }) => reason)]
    .map(([reason, those]) => `${reason} ${number(sum(those.map(({ count }) => count)))}`)
    .join(", ");
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): ReadonlyMap<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
