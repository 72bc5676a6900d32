/** Tells a run's routing tables as they come: what each was made for, and how fast all nodes had it. */

import type { SchedulerEvent } from "../../src/actors/protocol/scheduler.js";

export interface Story {
  readonly hear: (event: SchedulerEvent) => void;
}

/** @param nodes how many there are */
export function createStory(nodes: number, say: (line: string) => void): Story {
  let newest: {
    readonly epoch: number;
    readonly text: string;
    acknowledged: number;
    slowestMs: number;
  } | null = null;
  return {
    hear(event) {
      if (event.type === "tablePublished") {
        // That a source is gone is said by its end.
        if (event.sources.length === 0 || event.reason.endsWith(" removed")) return;
        newest = {
          epoch: event.epoch,
          text: `routing table ${event.epoch} for ${event.sources.join(", ")}: ${event.reason}`,
          acknowledged: 0,
          slowestMs: 0,
        };
        say(newest.text);
      } else if (newest !== null && event.epoch === newest.epoch) {
        newest.acknowledged += 1;
        newest.slowestMs = Math.max(newest.slowestMs, event.afterMs);
        if (newest.acknowledged === nodes)
          say(`  in force on ${nodes} nodes after ${newest.slowestMs.toFixed(1)} ms`);
      }
    },
  };
}
