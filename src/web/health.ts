/** Whether the hub lives, and whether it does its work: for what restarts it or sends it traffic. */

import type { TableReported } from "../actors/protocol/scheduler.js";
import { jsonAnswer, type Answer } from "./answer.js";

/** What a hub is asked to tell whether it does its work. */
export interface HealthPorts {
  /** Rejects where the scheduler does not answer. */
  table(): Promise<TableReported>;
  /** Rejects where the distributor does not answer. */
  totals(): Promise<unknown>;
  /** Why the store cannot be written now; null where it can. */
  storeFailure(): string | null;
}

/** It answers, so its event loop turns: no more is said, since what is broken elsewhere is not mended by a restart. */
export function healthAnswer(): Answer {
  return jsonAnswer(200, { status: "up" });
}

/** 503 while a part does not answer, or what is finished cannot be stored. Anybody may read it: it names parts, and no reason. */
export async function readyAnswer(ports: HealthPorts): Promise<Answer> {
  const [scheduler, distributor] = await Promise.all([answers(ports.table()), answers(ports.totals())]);
  const parts = { scheduler, distributor, store: ports.storeFailure() === null };
  const ready = Object.values(parts).every((isWell) => isWell);
  return jsonAnswer(ready ? 200 : 503, {
    status: ready ? "ready" : "not ready",
    parts: Object.fromEntries(Object.entries(parts).map(([part, isWell]) => [part, isWell ? "up" : "down"])),
  });
}

async function answers(asked: Promise<unknown>): Promise<boolean> {
  try {
    await asked;
    return true;
  } catch {
    return false;
  }
}
