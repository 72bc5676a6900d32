/** The alarms that are raised: those that nobody knows of yet first, and a way to say that one is known. */

import type { AlarmsReported } from "../../src/actors/protocol/alarms.js";
import type { AlarmReport } from "../../src/task/hub-events.js";
import { useAttempt } from "./attempt.js";
import type { Connection } from "./connection.js";
import { age, clockTime } from "./format.js";
import type { Model } from "./model.js";
import { html, useEffect, useState } from "./view.js";

/** Asked for anew whenever an alarm is told of. Of a hub without any there are none. */
export function useAlarms({ hub, events }: Model, connection: Connection): readonly AlarmReport[] {
  const [alarms, setAlarms] = useState<readonly AlarmReport[]>([]);
  const newest = events.findLast(({ event }) => event.type.startsWith("alarm"))?.number ?? null;
  useEffect(() => {
    if (hub === null) return;
    void connection.ask<AlarmsReported>(`sluice://${hub}/alarms`, { type: "reportAlarms" }).then(
      (reply) => setAlarms(reply.alarms),
      () => setAlarms([]),
    );
  }, [hub, newest]);
  return alarms;
}

export function unknownOf(alarms: readonly AlarmReport[]): number {
  return alarms.filter(({ acknowledgedAtMs }) => acknowledgedAtMs === null).length;
}

interface AlarmsProps {
  readonly alarms: readonly AlarmReport[];
  readonly model: Model;
  readonly connection: Connection;
}

export function Alarms({ alarms, model: { hub, maySteer }, connection }: AlarmsProps) {
  const [said, attempt] = useAttempt();
  const acknowledge = ({ alarm, about }: AlarmReport): void =>
    void attempt(`${alarm} of ${about} is known now`, async () => {
      const message = { type: "acknowledgeAlarms", alarm, about };
      await connection.ask<AlarmsReported>(`sluice://${hub ?? ""}/alarms`, message);
    });
  const unknownFirst = alarms.toSorted(
    (a, b) => Number(a.acknowledgedAtMs !== null) - Number(b.acknowledgedAtMs !== null),
  );
  return html`<section aria-labelledby="alarms">
    <h2 id="alarms">Alarms</h2>
    ${alarms.length === 0 && html`<p class="empty">No alarm is raised</p>`}
    <ul class="alarms">
      ${unknownFirst.map((raised) => {
        const { alarm, about, detail, raisedAtMs, acknowledgedAtMs } = raised;
        return html`<li key=${`${alarm} ${about}`} class=${acknowledgedAtMs === null ? "problem" : "known"}>
          <strong>${alarm}</strong> ${about}: ${detail}, since ${clockTime(raisedAtMs)}${" "}
          ${
            acknowledgedAtMs === null
              ? maySteer &&
                html`<button
                  aria-label=${`Acknowledge ${alarm} of ${about}`}
                  onClick=${() => acknowledge(raised)}
                >
                  Acknowledge
                </button>`
              : html`<span>known for ${age(Date.now() - acknowledgedAtMs)}</span>`
          }
        </li>`;
      })}
    </ul>
    ${said}
  </section>`;
}
