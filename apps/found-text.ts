/** What was found, as people read it: `car red 2 (#3 top left, #7 centre)`. */

import { renderTable, shortened } from "./tables.js";
import { DEFAULT_STORE } from "./cli/hub-folder.js";
import type { FoundKind, Moment } from "../src/operator/found.js";
import type { StoredResult } from "../src/task/record.js";
import { foundIn, type FoundName, type Sighting } from "../src/task/sightings.js";

/** Of one name in one line. */
const PLACES_MAX = 3;
const NAMES_MAX = 6;
/** Rows of a table. */
const KINDS_MAX = 20;
/** With names this long a table stays within 80 columns. */
const NAME_LENGTH_MAX = 20;
const SOURCE_LENGTH_MAX = 16;

/** What a run has found: how many tracks of each kind, where and when. */
export function foundTable(found: readonly FoundKind[]): string {
  if (found.length === 0) return "Nothing was found";
  const most = found.toSorted((a, b) => b.tracks - a.tracks || b.sightings - a.sightings);
  const shown = found.filter((kind) => most.indexOf(kind) < KINDS_MAX);
  const table = renderTable(
    [{ title: "found" }, { title: "how many", align: "right" }, { title: "source" }, { title: "when" }],
    shown.map(({ name, sourceId, tracks, atOnce, first, last }) => [
      shortened(name, NAME_LENGTH_MAX),
      tracks > 0 ? counted(tracks, "track") : `${atOnce} at once`,
      shortened(sourceId, SOURCE_LENGTH_MAX),
      spanText(first, last),
    ]),
  );
  const left = found.length - shown.length;
  return left === 0 ? table : `${table}\nand ${counted(left, "other kind")}`;
}

export interface ResultsPlace {
  readonly store: string;
  /** Address of a hub on another machine. */
  readonly hub?: string;
  readonly source?: string;
}

/** The command that shows the results in a store or of a hub, for a shell. */
export function resultsCommand({ store, hub, source }: ResultsPlace): string {
  const words = ["npx", "sluice", "results"];
  if (hub !== undefined) words.push("--hub", hub);
  else if (store !== DEFAULT_STORE) words.push("--store", store);
  if (source !== undefined) words.push("--source", source);
  return words.map(shellWord).join(" ");
}

/** As a POSIX shell reads it as one word. */
function shellWord(text: string): string {
  return /^[\w./:@=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function spanText(first: Moment, last: Moment): string {
  const [from, to] = [momentText(first), momentText(last)];
  return from === to ? from : `${from} - ${to}`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** What a task found, and where in the picture. */
export function describeFound(record: Pick<StoredResult, "results" | "frameCount">): string {
  const names = foundIn(record);
  if (names.length === 0) return "nothing";
  const more = names.length - NAMES_MAX;
  return [...names.slice(0, NAMES_MAX).map(describeName), ...(more > 0 ? [`${more} other kinds`] : [])].join(
    ", ",
  );
}

function describeName({ name, count, last }: FoundName): string {
  const places = last.slice(0, PLACES_MAX).map(({ trackId, ...box }) => {
    const where = placeOf(box);
    return trackId === null ? where : `#${trackId} ${where}`;
  });
  if (last.length > PLACES_MAX) places.push("...");
  return `${name} ${count} (${places.join(", ")})`;
}

/** Which ninth of the picture the middle of a box is in. */
function placeOf({ x, y, width, height }: Pick<Sighting, "x" | "y" | "width" | "height">): string {
  const across = thirdOf(x + width / 2, ["left", "", "right"]);
  const down = thirdOf(y + height / 2, ["top", "", "bottom"]);
  return [down, across].filter((word) => word !== "").join(" ") || "centre";
}

function thirdOf(share: number, words: readonly [string, string, string]): string {
  if (share < 1 / 3) return words[0];
  return share > 2 / 3 ? words[2] : words[1];
}

/** When: in a recording `1:02:03.4` from its start, of a camera the time of day in UTC. */
export function momentText({ atMs, sourceUs }: Moment): string {
  if (sourceUs === null) return new Date(atMs).toISOString().slice(11, 19);
  const tenths = Math.round(sourceUs / 100_000);
  const seconds = ((tenths % 600) / 10).toFixed(1).padStart(4, "0");
  const minutes = Math.floor(tenths / 600);
  return minutes < 60
    ? `${minutes}:${seconds}`
    : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${seconds}`;
}
