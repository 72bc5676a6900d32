/** What became of the newest tasks of a source: where those that were dropped lie in time, and one task hop by hop. */

import type { QueryReply } from "../../src/actors/protocol/distributor.js";
import type { SourceId } from "../../src/task/identity.js";
import type { StoredGap, StoredRecord, StoredResult } from "../../src/task/record.js";
import type { Hop } from "../../src/task/task.js";
import type { Attempt } from "./attempt.js";
import type { Connection } from "./connection.js";
import { clockTime, milliseconds } from "./format.js";
import { html, useState } from "./view.js";

/** Of one look: a page takes no more at a time. */
const RECORDS_MAX = 200;
const LISTED_MAX = 25;

type TaskRecord = StoredResult | StoredGap;

interface HistoryProps {
  readonly id: SourceId;
  readonly hub: string;
  readonly connection: Connection;
  readonly attempt: Attempt;
}

export function TaskHistory({ id, hub, connection, attempt }: HistoryProps) {
  const [records, setRecords] = useState<readonly TaskRecord[]>([]);
  const [chosen, choose] = useState<number | null>(null);
  const read = (): void =>
    void attempt(`The newest tasks of ${id} are read`, async () => {
      const query = { sourceId: id, newestFirst: true, limit: RECORDS_MAX };
      const reply = await connection.ask<QueryReply>(`sluice://${hub}/distributor`, { type: "query", query });
      if (reply.type === "queryFailed") throw reply.error;
      setRecords(reply.records.filter(isTask));
    });
  const shown = records.find(({ position }) => position === chosen);
  return html`<section aria-labelledby="tasks">
    <h3 id="tasks">Tasks</h3>
    <button onClick=${read}>${records.length === 0 ? "Read the newest" : "Read again"}</button>
    ${records.length > 0 && html`<${TimeLine} records=${records} choose=${choose} />`}
    ${shown !== undefined && html`<${Hops} record=${shown} />`}
    ${records.length > 0 && html`<${Listed} records=${records} chosen=${chosen} choose=${choose} />`}
  </section>`;
}

function isTask(record: StoredRecord): record is TaskRecord {
  return record.type !== "closed";
}

interface RecordsProps {
  /** Newest first. */
  readonly records: readonly TaskRecord[];
  readonly choose: (position: number) => void;
}

function TimeLine({ records, choose }: RecordsProps) {
  const times = records.map(({ storedAtMs }) => storedAtMs);
  const [fromMs, toMs] = [Math.min(...times), Math.max(...times)];
  const x = (atMs: number): number => (toMs === fromMs ? 500 : ((atMs - fromMs) / (toMs - fromMs)) * 996 + 2);
  const gaps = records.filter(({ type }) => type === "gap").length;
  const said = `${records.length} tasks from ${clockTime(fromMs)} to ${clockTime(toMs)}, ${gaps} dropped`;
  return html`<figure class="time-line">
    <svg viewBox="0 0 1000 40" preserveAspectRatio="none" role="img" aria-label=${said}>
      ${records.map(
        (record) =>
          html`<line
            key=${record.position}
            class=${record.type}
            x1=${x(record.storedAtMs)}
            x2=${x(record.storedAtMs)}
            y1=${record.type === "gap" ? 0 : 16}
            y2="40"
            onClick=${() => choose(record.position)}
          >
            <title>${outcomeOf(record)}</title>
          </line>`,
      )}
    </svg>
    <figcaption>${said}</figcaption>
  </figure>`;
}

function Listed({ records, chosen, choose }: RecordsProps & { readonly chosen: number | null }) {
  const gaps = records.filter(({ type }) => type === "gap").slice(0, LISTED_MAX);
  const listed = [...new Set([...gaps, ...records.slice(0, LISTED_MAX)])].toSorted(
    (a, b) => b.position - a.position,
  );
  return html`<div class="scroll">
    <table>
      <caption>
        The newest tasks, and others that were dropped
      </caption>
      <thead>
        <tr>
          <th scope="col">Task</th>
          <th scope="col">At</th>
          <th scope="col">Outcome</th>
          <th scope="col">Way</th>
        </tr>
      </thead>
      <tbody>
        ${listed.map(
          (record) =>
            html`<tr key=${record.position}>
              <th scope="row">${taskName(record)}</th>
              <td>${clockTime(record.storedAtMs)}</td>
              <td class=${record.type === "gap" ? "problem" : ""}>${outcomeOf(record)}</td>
              <td>
                <button
                  aria-label=${`The way of task ${taskName(record)}`}
                  aria-pressed=${record.position === chosen}
                  onClick=${() => choose(record.position)}
                >
                  Hops
                </button>
              </td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** The way of a task: what it did when, from its first frame until it was stored. */
function Hops({ record }: { readonly record: TaskRecord }) {
  const { sourceAtMs, storedAtMs } = record;
  const after = (atMs: number): string => milliseconds(atMs - sourceAtMs);
  const rows =
    record.type === "gap"
      ? [[outcomeOf(record), record.node, "", after(storedAtMs), ""]]
      : [
          ["made", "", "", after(record.createdAtMs), ""],
          ...record.hops.map((hop) => [
            stageText(hop),
            hop.node,
            `${hop.epoch}, try ${hop.attempt}, delivery ${hop.delivery}`,
            after(hop.endedAtMs),
            [
              hop.sentAtMs === undefined ? null : `transfer ${milliseconds(hop.enqueuedAtMs - hop.sentAtMs)}`,
              `queue ${milliseconds(hop.startedAtMs - hop.enqueuedAtMs)}`,
              `execution ${milliseconds(hop.endedAtMs - hop.startedAtMs)}`,
            ]
              .filter((part) => part !== null)
              .join(", "),
          ]),
          ["stored", "", "", after(storedAtMs), ""],
        ];
  return html`<div class="scroll">
    <table>
      <caption>
        Task
        ${taskName(record)}${record.type === "result" ? `, trace ${record.traceparent.split("-")[1] ?? ""}` : ""}
      </caption>
      <thead>
        <tr>
          <th scope="col">What</th>
          <th scope="col">On</th>
          <th scope="col">By table</th>
          <th scope="col">Done after</th>
          <th scope="col">Of that</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ([what, ...cells]) =>
            html`<tr key=${what}>
              <th scope="row">${what}</th>
              ${cells.map((cell) => html`<td>${cell}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** With its variant, and the beginning of its model's SHA-256. */
function stageText({ stage, variant, model }: Hop): string {
  const what = [variant, model && `model ${model.slice(0, 8)}`].filter((part) => part !== undefined);
  return what.length === 0 ? stage : `${stage} (${what.join(", ")})`;
}

function taskName({ id: { incarnation, sequence } }: TaskRecord): string {
  return `${incarnation}.${sequence}`;
}

function outcomeOf(record: TaskRecord): string {
  if (record.type === "result") return `stored after ${milliseconds(record.storedAtMs - record.sourceAtMs)}`;
  const where = record.stage === null ? "" : ` at ${record.stage}`;
  return `dropped${where}: ${record.reason}${record.detail === "" ? "" : `, ${record.detail}`}`;
}
