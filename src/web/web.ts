/** What a hub serves over HTTP beside its nodes: whether it is well, and its metrics. */

import type { ActorSystem } from "../runtime/system.js";
import type { Clock } from "../runtime/clock.js";
import type { Logger } from "../runtime/log.js";
import type { HttpHandler } from "../transport/carrier.js";
import type { Cluster } from "../transport/cluster/cluster.js";
import type { TokenAuthority } from "../transport/security/token-authority.js";
import type { TaskOutcome } from "../task/reports.js";
import { createOperator } from "../operator/operator.js";
import { createDoor } from "./door.js";
import { healthAnswer, readyAnswer } from "./health.js";
import { createMetrics } from "./metrics/metrics.js";

export interface WebOptions {
  /** Who may see more than whether the hub is well, from beyond its machine; null for nobody. */
  readonly tokens: TokenAuthority | null;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The hub that is served. */
export interface WebHub {
  readonly system: ActorSystem;
  readonly cluster: Cluster;
  /** Why its store cannot be written now; null where it can. */
  storeFailure(): string | null;
}

export interface Web {
  /** Goes into `listen` of the hub. */
  readonly http: HttpHandler;
  /** Goes into `onOutcome` of the hub. */
  readonly onOutcome: (outcome: TaskOutcome) => void;
  /** The hub has started; until then each request is told that it is starting. */
  open(hub: WebHub): void;
}

export function createWeb({ tokens, clock, log }: WebOptions): Web {
  const door = createDoor({ tokens, clock, log });
  const metrics = createMetrics();
  return {
    http: door.handle,
    onOutcome: (outcome) => metrics.observe(outcome),
    open({ system, cluster, ...hub }) {
      const operator = createOperator(system, cluster);
      metrics.attach({
        deadLetters: system.deadLetters,
        cluster,
        requests: door.counts,
        now: () => system.clock.now(),
        async state() {
          const [nodes, table, totals] = await Promise.all([
            operator.nodes(),
            operator.table(),
            operator.totals(),
          ]);
          return { nodes, table, totals };
        },
      });
      const health = {
        table: () => operator.table(),
        totals: () => operator.totals(),
        storeFailure: () => hub.storeFailure(),
      };
      door.open(
        new Map([
          ["/health", { for: "anybody", answer: healthAnswer }],
          ["/ready", { for: "anybody", answer: () => readyAnswer(health) }],
          ["/metrics", { for: "operators", answer: () => metrics.answer() }],
        ]),
        (kind, path) => cluster.countRefusal(kind, path),
      );
    },
  };
}
