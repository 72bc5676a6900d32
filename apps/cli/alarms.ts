/** `sluice alarms`: the alarms of a hub that are raised, and which of them are known. */

import type { Operator } from "../../src/operator/operator.js";
import { jsonLine } from "../../src/runtime/safe-text.js";
import { out } from "../terminal.js";
import { formatDuration } from "./units.js";

export interface AlarmsCommand {
  /** Name of a rule whose alarms are known now. */
  readonly ack?: string;
  readonly about?: string;
  readonly json: boolean;
}

/** @returns the exit code: 0 where none is raised that nobody knows of, else 1 */
export async function alarms(operator: Operator, { ack, about, json }: AlarmsCommand): Promise<number> {
  const raised = ack === undefined ? await operator.alarms() : await operator.acknowledgeAlarms(ack, about);
  const nowMs = operator.system.clock.now();
  if (json) out.line(jsonLine(raised).trimEnd());
  else if (raised.length === 0) out.line("No alarm is raised");
  for (const alarm of json ? [] : raised) {
    const known = alarm.acknowledgedAtMs === null ? "" : ", known";
    const since = formatDuration(nowMs - alarm.raisedAtMs);
    out.line(`${alarm.alarm}: ${alarm.about}: ${alarm.detail} (for ${since}${known})`);
  }
  return raised.every(({ acknowledgedAtMs }) => acknowledgedAtMs !== null) ? 0 : 1;
}
