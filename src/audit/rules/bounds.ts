/**
 * Rule `bounds`: no more tasks of an incarnation of a source are in flight than its window allows, from `createdAtMs` to
 * before `storedAtMs` of its results. Gaps do not say when their tasks were created and do not count.
 */

import { incarnationText } from "../findings.js";
import type { AuditRule } from "../rule.js";
import { PeakInFlight } from "./peak-in-flight.js";

export const bounds: AuditRule<"bounds"> = {
  code: "bounds",
  createCheck({ windows, clockToleranceMs }, findings) {
    /** By `source/incarnation`. */
    const incarnations = new Map<string, { readonly window: number; readonly tasks: PeakInFlight }>();
    return {
      onRecord({ record, sound, repeated }) {
        if (record.type !== "result" || !sound || repeated) return;
        const window = windows.get(record.id.sourceId);
        if (window === undefined) return;
        const key = incarnationText(record.id);
        let incarnation = incarnations.get(key);
        if (incarnation === undefined) {
          incarnation = { window, tasks: new PeakInFlight() };
          incarnations.set(key, incarnation);
        }
        incarnation.tasks.add(record, clockToleranceMs);
      },
      onEnd() {
        for (const { window, tasks } of incarnations.values()) {
          const { worst } = tasks;
          if (worst === null || worst.count <= window) continue;
          const detail = `With it ${worst.count} tasks were under way at once: the window allows ${window}`;
          findings.add(worst.newest, detail);
        }
      },
    };
  },
};
