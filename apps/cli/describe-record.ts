/** A stored record as a line for people. */

import type { StoredRecord, StoredResult } from "../../src/task/record.js";
import { sightingsOf } from "../../src/task/sightings.js";
import { describeFound, momentText } from "../found-text.js";
import { describeClosing } from "./describe-audit.js";

/** When it was stored, its task, what was found where, the nodes that worked on it and how long it took. */
export function describeRecord(record: StoredRecord): string {
  const time = new Date(record.storedAtMs).toISOString();
  if (record.type === "closed") return `${time}  ${describeClosing(record)}`;
  const task = `${time}  ${record.id.sourceId} ${record.id.sequence}`;
  if (record.type === "gap") return `${task}  dropped ${record.reason} at ${record.node}: ${record.detail}`;
  const nodes = [...new Set(record.hops.map(({ node }) => node))].join(", ");
  const took = `${(record.storedAtMs - record.sourceAtMs).toFixed(1)} ms`;
  return `${task}  ${taken(record)}${describeFound(record)}  on ${nodes}  ${took}`;
}

/** Where in a recording a task begins; nothing of a camera, as it was stored soon after. */
function taken({ frames, framePtsUs: [sourceUs = 0], sourceAtMs: atMs }: StoredResult): string {
  return frames === undefined ? "" : `at ${momentText({ atMs, sourceUs })}  `;
}

/** Whether something of that name was found: `car`, `red` or `car red`, in capitals or not. */
export function hasLabel(record: StoredRecord, label: string): boolean {
  if (record.type !== "result") return false;
  const wanted = label.toLowerCase();
  const labels = Object.values(record.results).flatMap(({ frames }) => frames.flat());
  return (
    labels.some((detection) => detection.label.toLowerCase() === wanted) ||
    sightingsOf(record).some(({ name }) => name.toLowerCase() === wanted)
  );
}
