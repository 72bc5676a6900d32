/** Lines on a run's routing tables: what each was made for, and how fast all nodes had it. */

import { tableText } from "../epoch-text.js";
import type { SchedulerEvent } from "../../src/actors/protocol/scheduler.js";

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
      say(`routing table ${tableText(event.epoch)} for ${event.sources.join(", ")}: ${event.reason}`);
    } else if (newest !== null && event.epoch === newest.epoch) {
      newest.acknowledged += 1;
      newest.slowestMs = Math.max(newest.slowestMs, event.afterMs);
      if (newest.acknowledged === nodes) {
        say(`  in force on ${nodes} nodes after ${newest.slowestMs.toFixed(1)} ms`);
      }
    }
  };
}
