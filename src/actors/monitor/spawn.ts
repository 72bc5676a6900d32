/** Starts the monitor of a node. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { Spawner } from "../../runtime/behaviour.js";
import type { ControllerMessage } from "../protocol/controller.js";
import type { MonitorMessage } from "../protocol/monitor.js";
import type { SchedulerMessage } from "../protocol/scheduler.js";
import type { NodeName } from "../../task/identity.js";
import type { Repair } from "../../task/reports.js";
import { openHostMetrics, type HostMetrics } from "./host-metrics.js";
import { createMonitor } from "./monitor.js";

/** Between samples, in ms. */
export const DEFAULT_SAMPLE_MS = 1_000;

export interface MonitorSpawnOptions {
  readonly node: NodeName;
  readonly scheduler: ActorRef<SchedulerMessage>;
  /** Of the same node. */
  readonly controller: ActorRef<ControllerMessage>;
  /** Between samples, in ms. Default 1,000. */
  readonly intervalMs?: number;
  /** Default: the machine's own figures. */
  readonly openHost?: () => HostMetrics;
  /** Whether messages to a node go there straight, and not through the hub. Default: all do. */
  readonly isDirect?: (node: string) => boolean;
  /** Damage to the node's store and journal that was repaired. Default: none. */
  readonly repairs?: () => readonly Repair[];
  /** Why the node's store and journal cannot be written now. Default: they can. */
  readonly failures?: () => readonly string[];
}

/** Starts the actor `monitor` under `parent`. */
export function spawnMonitor(parent: Spawner, options: MonitorSpawnOptions): ActorRef<MonitorMessage> {
  const { node, scheduler, controller, intervalMs = DEFAULT_SAMPLE_MS, openHost = openHostMetrics } = options;
  const { repairs = () => [], failures = () => [], isDirect = () => true } = options;
  const behaviour = createMonitor({
    node,
    scheduler,
    controller,
    intervalMs,
    openHost,
    isDirect,
    repairs,
    failures,
  });
  return parent.spawn(behaviour, {
    name: "monitor",
    restart: "permanent",
    mailbox: { capacity: 1_000, overflow: "dropOldest" },
  });
}
