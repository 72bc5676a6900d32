/** Lines on a run's routing tables: what each was made for, and how fast all nodes had it. */

import { tableText } from "../epoch-text.js";
import type { SchedulerEvent } from "../../src/actors/protocol/scheduler.js";

/** Of a line: it fits a terminal of 80. */
const COLUMNS_MAX = 79;

interface NewestTable {
  readonly epoch: number;
  acknowledged: number;
  slowestMs: number;
}

/** @param nodes how many there are */
export function createTableLog(nodes: number, say: (line: string) => void): (event: SchedulerEvent) => void {
  let newest: NewestTable | null = null;
  return (event) => {
    if (event.type === "tablePublished") {
      // That a source is gone is said by its end.
      if (event.sources.length === 0 || event.reason.endsWith(" removed")) return;
      newest = { epoch: event.epoch, acknowledged: 0, slowestMs: 0 };
      const text = `routing table ${tableText(event.epoch)} for ${event.sources.join(", ")}: ${event.reason}`;
      for (const line of wrapped(text)) say(line);
    } else if (newest !== null && event.epoch === newest.epoch) {
      newest.acknowledged += 1;
      newest.slowestMs = Math.max(newest.slowestMs, event.afterMs);
      if (newest.acknowledged === nodes) {
        say(`  in force on ${nodes} nodes after ${newest.slowestMs.toFixed(1)} ms`);
      }
    }
  };
}

/** Lines of whole words; those behind the first are indented. On a busy machine a table may be made for many reasons at once. */
function wrapped(text: string): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line.trim() !== "" && line.length + 1 + word.length > COLUMNS_MAX) {
      lines.push(line);
      line = " ";
    }
    line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
