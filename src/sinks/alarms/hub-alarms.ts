/** The alarms of a hub: the actor, the disk and the audit that it looks at, and the webhooks that it tells. */

import { statfs } from "node:fs/promises";
import type { ActorSystem } from "../../runtime/system.js";
import type { NodeEvent } from "../../actors/protocol/generator.js";
import type { ClusterEvent } from "../../transport/cluster/cluster.js";
import type { AlarmEvent } from "../../task/hub-events.js";
import type { TaskOutcome } from "../../task/reports.js";
import { readSecret } from "../secret.js";
import { createAlarmHooks, type AlarmHooks } from "./alarm-hooks.js";
import type { AlarmHook, AlarmRule } from "./alarm-settings.js";
import { createAlarms, createAlarmsRetained } from "./alarms.js";

export interface HubAlarmsOptions {
  readonly system: ActorSystem;
  readonly cluster: { readonly name: string; readonly id: string };
  /** Of the store; null where it is no folder. */
  readonly folder: string | null;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Findings of an audit of everything. */
  readonly audit: () => Promise<number>;
  readonly onEvent: (event: AlarmEvent) => void;
}

export interface HubAlarms {
  /** @throws SluiceError `configuration-invalid` of a secret that is missing: all stays as it is */
  use(rules: readonly AlarmRule[], hooks: readonly AlarmHook[]): Promise<void>;
  readonly settled: (outcome: TaskOutcome) => void;
  /** Other events than those of nodes, sources and members are of no interest. */
  readonly happened: (event: { readonly type: string }) => void;
  close(): void;
}

const HOOK_TIMEOUT_MS = 10_000;
const WANTED: ReadonlySet<string> = new Set([
  "memberDown",
  "memberUp",
  "memberLeft",
  "sourceStarted",
  "sourceContinued",
  "sourcePaused",
  "sourceEnded",
]);

/** Starts the actor `alarms`, which has no rules yet. */
export function createHubAlarms(options: HubAlarmsOptions): HubAlarms {
  const { system, cluster, folder, environment, audit, onEvent } = options;
  let hooks: AlarmHooks | null = null;
  let hasRules = false;
  const behaviour = createAlarms(
    {
      freeBytes: folder === null ? null : () => freeBytesOf(folder),
      audit,
      onEvent(event) {
        system.log.warn("Alarm", { ...event });
        onEvent(event);
        hooks?.tell(event);
      },
    },
    createAlarmsRetained(),
  );
  const actor = system.spawn(behaviour, { name: "alarms", restart: "permanent" });
  return {
    async use(rules, given) {
      const told = await Promise.all(
        given.map(async ({ url, secret }) => ({
          url,
          secret:
            secret === undefined
              ? null
              : await readSecret(secret, `alarms to ${new URL(url).host}`, environment),
          timeoutMs: HOOK_TIMEOUT_MS,
          now: () => system.clock.now(),
        })),
      );
      hooks?.close();
      hooks = createAlarmHooks({
        hooks: told,
        cluster,
        clock: system.clock,
        random: () => Math.random(),
        log: system.log,
      });
      hasRules = rules.length > 0;
      actor.tell({ type: "useRules", rules });
    },
    settled(outcome) {
      if (hasRules) actor.tell({ type: "settled", outcome });
    },
    happened(event) {
      // Named so, it is of that type: members, sources and nodes say no other thing under these names.
      if (WANTED.has(event.type)) actor.tell({ type: "happened", event: event as ClusterEvent | NodeEvent });
    },
    close: () => hooks?.close(),
  };
}

async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
