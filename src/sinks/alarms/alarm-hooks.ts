/** Tells webhooks of alarms, as CloudEvents 1.0: each waits its turn, and is tried again for a while. */

import type { Clock } from "../../runtime/clock.js";
import { errorText } from "../../runtime/errors.js";
import type { Logger } from "../../runtime/log.js";
import { backoffMs } from "../../runtime/supervision.js";
import type { AlarmEvent } from "../../task/hub-events.js";
import { postEvents, type PostOptions } from "../post-events.js";

const WAITING_MAX = 256;
const ATTEMPTS = 8;
const BACKOFF = { minMs: 1_000, maxMs: 60_000, factor: 2, jitter: 0.2 };

export interface AlarmHooksOptions {
  readonly hooks: readonly PostOptions[];
  readonly cluster: { readonly name: string; readonly id: string };
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly log: Logger;
}

export interface AlarmHooks {
  tell(event: AlarmEvent): void;
  close(): void;
}

/** One that cannot be told in `ATTEMPTS` tries, or is one too many, is logged as lost: the store does not have it. */
export function createAlarmHooks({ hooks, cluster, clock, random, log }: AlarmHooksOptions): AlarmHooks {
  const ended = new AbortController();
  let count = 0;
  const lines = hooks.map((hook) => ({
    hook,
    waiting: [] as Readonly<Record<string, unknown>>[],
    isBusy: false,
  }));

  async function work(line: (typeof lines)[number]): Promise<void> {
    line.isBusy = true;
    for (
      let event = line.waiting.shift();
      event !== undefined && !ended.signal.aborted;
      event = line.waiting.shift()
    ) {
      await tellOne(line.hook, event);
    }
    line.isBusy = false;
  }

  async function tellOne(hook: PostOptions, event: Readonly<Record<string, unknown>>): Promise<void> {
    for (let attempt = 1; !ended.signal.aborted; attempt++) {
      try {
        await postEvents([event], hook, ended.signal);
        return;
      } catch (error) {
        if (attempt === ATTEMPTS) {
          log.error("An alarm could not be told to a webhook", { error: errorText(error) });
          return;
        }
        await new Promise<void>((resolve) => clock.after(backoffMs(BACKOFF, attempt, random()), resolve));
      }
    }
  }

  return {
    tell(event) {
      count += 1;
      const { type, ...data } = event;
      const told = {
        specversion: "1.0",
        id: `${cluster.id}-alarm-${clock.now()}-${count}`,
        source: `/sluice/${encodeURIComponent(cluster.name)}`,
        type: `sluice.${type}`,
        subject: event.about,
        time: new Date(clock.now()).toISOString(),
        datacontenttype: "application/json",
        data,
      };
      for (const line of lines) {
        if (line.waiting.length >= WAITING_MAX) {
          log.error("An alarm is not told to a webhook, as too many wait");
          continue;
        }
        line.waiting.push(told);
        if (!line.isBusy) void work(line);
      }
    },
    close: () => ended.abort(),
  };
}
