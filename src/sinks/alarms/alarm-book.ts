/**
 * Which alarms are raised: pure, over what is looked at.
 *
 * ALB1 An alarm is raised once what it is about has been bad for `forMs` without a break, and resolved once it has been well for
 *      `clearMs` without one: what flickers raises one alarm.
 * ALB2 What is not known changes nothing.
 * ALB3 Alarms are bounded: beyond `ALARMS_MAX` no more are raised.
 */

import type { AlarmEvent, AlarmReport } from "../../task/hub-events.js";

export const ALARMS_MAX = 1_000;

/** How something is now, for people where it is bad. */
export type Condition = { readonly status: "bad"; readonly detail: string } | { readonly status: "well" };

interface Entry {
  readonly alarm: string;
  readonly about: string;
  detail: string;
  /** Since when it is as it is seen now. */
  sinceMs: number;
  isBad: boolean;
  raisedAtMs: number | null;
  acknowledgedAtMs: number | null;
}

export interface Debounce {
  readonly forMs: number;
  readonly clearMs: number;
}

export class AlarmBook {
  readonly #entries = new Map<string, Entry>();

  /** What is seen of one thing under one rule. @returns what comes of it */
  see(
    { alarm, about }: { readonly alarm: string; readonly about: string },
    condition: Condition,
    { forMs, clearMs }: Debounce,
    nowMs: number,
  ): readonly AlarmEvent[] {
    const key = `${alarm} ${about}`;
    const isBad = condition.status === "bad";
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      if (!isBad || this.#entries.size >= ALARMS_MAX) return [];
      entry = { alarm, about, detail: "", sinceMs: nowMs, isBad, raisedAtMs: null, acknowledgedAtMs: null };
      this.#entries.set(key, entry);
    }
    if (entry.isBad !== isBad) {
      entry.isBad = isBad;
      entry.sinceMs = nowMs;
    }
    if (condition.status === "bad") entry.detail = condition.detail;
    const heldMs = nowMs - entry.sinceMs;
    if (isBad && entry.raisedAtMs === null && heldMs >= forMs) {
      entry.raisedAtMs = nowMs;
      return [{ type: "alarmRaised", alarm, about, detail: entry.detail }];
    }
    if (isBad) return [];
    if (entry.raisedAtMs === null) {
      this.#entries.delete(key);
      return [];
    }
    if (heldMs < clearMs) return [];
    this.#entries.delete(key);
    return [{ type: "alarmResolved", alarm, about, afterMs: nowMs - entry.raisedAtMs }];
  }

  /** @param about null for all of the rule. @returns one event for each that was not acknowledged before */
  acknowledge(alarm: string, about: string | null, nowMs: number): readonly AlarmEvent[] {
    const events: AlarmEvent[] = [];
    for (const entry of this.#raised()) {
      if (
        entry.alarm !== alarm ||
        (about !== null && entry.about !== about) ||
        entry.acknowledgedAtMs !== null
      )
        continue;
      entry.acknowledgedAtMs = nowMs;
      events.push({ type: "alarmAcknowledged", alarm, about: entry.about });
    }
    return events;
  }

  /** Those of rules that are no more are gone. */
  keepOnly(alarms: ReadonlySet<string>): void {
    for (const [key, { alarm }] of this.#entries) if (!alarms.has(alarm)) this.#entries.delete(key);
  }

  /** What is known under a rule, raised or about to be. */
  aboutOf(alarm: string): readonly string[] {
    return [...this.#entries.values()].filter((entry) => entry.alarm === alarm).map(({ about }) => about);
  }

  /** Oldest first. */
  reports(): readonly AlarmReport[] {
    return this.#raised()
      .map(({ alarm, about, detail, raisedAtMs, acknowledgedAtMs }) => ({
        alarm,
        about,
        detail,
        raisedAtMs: raisedAtMs ?? 0,
        acknowledgedAtMs,
      }))
      .sort((a, b) => a.raisedAtMs - b.raisedAtMs);
  }

  #raised(): readonly Entry[] {
    return [...this.#entries.values()].filter(({ raisedAtMs }) => raisedAtMs !== null);
  }
}
