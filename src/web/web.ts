/** What a hub serves over HTTP beside its nodes: its page, whether it is well, and its metrics. */

import { randomBytes } from "node:crypto";
import { nodeSystem } from "../runtime/node-system.js";
import type { ActorSystem } from "../runtime/system.js";
import type { Clock } from "../runtime/clock.js";
import type { Logger } from "../runtime/log.js";
import type { Channel, HttpService } from "../transport/carrier.js";
import type { Cluster } from "../transport/cluster/cluster.js";
import type { TokenAuthority } from "../transport/security/token-authority.js";
import { guardFor } from "../actors/guard/guard.js";
import type { NodeEvent } from "../actors/protocol/generator.js";
import type { SchedulerEvent } from "../actors/protocol/scheduler.js";
import type { AlarmEvent, SinkEvent, SinkReport } from "../task/hub-events.js";
import type { TaskOutcome } from "../task/reports.js";
import { createOperator } from "../operator/operator.js";
import type { HubEvent } from "./page-protocol.js";
import { createClusterFeed } from "./cluster-feed.js";
import { createDoor, getRoute, type Routes } from "./door.js";
import { EventRing } from "./event-ring.js";
import { healthAnswer, readyAnswer } from "./health.js";
import { createAuditDesk } from "./audit-desk.js";
import { GapLine } from "./gap-line.js";
import { gatherEvents } from "./gather-events.js";
import { lookAtCluster } from "./look-at-cluster.js";
import { createMetrics } from "./metrics/metrics.js";
import { News } from "./news.js";
import { openPage } from "./page-channel.js";
import type { PageHub } from "./page-hub.js";
import { readPageFiles } from "./page-files.js";
import { frameAnswer } from "./pictures/frame-answer.js";
import { createPictureDesk } from "./pictures/picture-desk.js";
import { createResultsStream, resultsAnswer } from "./results.js";
import { PROOF_BYTES_MAX, sessionOf, signIn, signOut } from "./session-routes.js";
import { tokenRoutes, type TokenKeeper } from "./token-routes.js";
import { Turns } from "./turns.js";
import { createStageFlows } from "./stage-flow.js";
import { createSessions, type Sessions } from "./sessions.js";

/** Pages that are open at a time: each may have 8 MiB that it has not read. */
const PAGES_MAX = 32;
/** Reads of the store for programs over HTTP at a time: of 16 that a distributor takes in all. */
const READS_MAX = 4;

/** What a hub answers over HTTP is made of. */
export interface WebOptions {
  /** Who may see more than whether the hub is well, from beyond its machine; null for nobody. */
  readonly tokens: TokenAuthority | null;
  /** Makes and revokes tokens for whoever operates the hub on its page. Default null: that is done beside the hub alone. */
  readonly tokenKeeper?: TokenKeeper | null;
  /** Folder of the page as it was compiled for browsers; null for no page. Default null. */
  readonly page?: string | null;
  readonly clock: Clock;
  readonly log: Logger;
  /** Of the program, for people. */
  readonly version?: string;
}

/** The hub that is served. */
export interface WebHub {
  readonly system: ActorSystem;
  readonly cluster: Cluster;
  /** Why its store cannot be written now; null where it can. */
  storeFailure(): string | null;
  /** How its sinks do. Default: it has none. */
  sinks?(): readonly SinkReport[];
  /** Position of the next record of its store: what sinks are behind of. Default 0. */
  nextPosition?(): number;
}

/** What a hub answers over HTTP at the address where nodes join it. */
export interface Web {
  /** Goes into `listen` of the hub. */
  readonly http: HttpService;
  /** Goes into `onOutcome` of the hub. */
  readonly onOutcome: (outcome: TaskOutcome) => void;
  /** Is to be told the events of the hub's own node, scheduler, sinks and alarms. */
  readonly onEvent: (event: NodeEvent | SchedulerEvent | SinkEvent | AlarmEvent) => void;
  /** The hub has started; until then each request is told that it is starting. */
  open(hub: WebHub): Promise<void>;
  /** Hears every event of the cluster from now on, as a page does. @returns ends it */
  subscribe(listener: (event: HubEvent) => void): () => void;
  /** A code by which one browser on the hub's machine signs in, once; the code before it counts no more. */
  newCode(): string;
}

/** Answers health, readiness, metrics and, where there is one, the page of a hub; `http` of it goes into `listen` of the hub. */
export function createWeb({
  tokens,
  tokenKeeper = null,
  page = null,
  clock,
  log,
  version = "",
}: WebOptions): Web {
  const door = createDoor({ tokens, clock, log });
  const metrics = createMetrics();
  const sessions = createSessions({ tokens, clock, secret: () => randomBytes(24).toString("base64url") });
  const events = new EventRing();
  const pages = new Set<Channel>();
  const news = new News();
  const stages = createStageFlows();
  const gaps = new GapLine();
  let served: { readonly hub: PageHub; readonly name: WebHub["system"]["name"] } | null = null;

  return {
    http: {
      handle: (request, response, keep) => door.handle(request, response, keep),
      async admit(request) {
        const session = await sessionOf(request, sessions).catch(() => null);
        const hub = served?.hub;
        if (session === null || hub === undefined) return null;
        return (channel) => {
          if (pages.size >= PAGES_MAX) {
            hub.countRefusal("page-too-many", `from ${channel.remote}`);
            channel.close("Too many pages are open: close one");
            return;
          }
          pages.add(channel);
          openPage(channel, hub, {
            role: session.role,
            holds: () => sessions.holds(session).catch(() => true),
            onClosed: () => void pages.delete(channel),
          });
        };
      },
    },
    onOutcome(outcome) {
      metrics.observe(outcome);
      stages.observe(outcome);
      gaps.note(outcome);
      news.tell();
    },
    onEvent(event) {
      if (served !== null) events.add(clock.now(), served.name, event);
    },
    newCode: () => sessions.newCode(),
    subscribe: (listener) => events.subscribe(listener),
    async open({ system, cluster, ...hub }) {
      const operator = createOperator(system, cluster);
      const { memory } = nodeSystem(system);
      metrics.attach({
        deadLetters: system.deadLetters,
        memory,
        cluster,
        requests: door.counts,
        sinks: () => hub.sinks?.() ?? [],
        nextPosition: () => hub.nextPosition?.() ?? 0,
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
      const pageRoutes: Routes =
        page === null
          ? new Map()
          : new Map([
              ...(await readPageFiles(page)),
              ...sessionRoutes(sessions),
              ...(tokenKeeper === null ? [] : tokenRoutes(tokenKeeper, sessions)),
            ]);
      const results = { operator, stored: () => news.next(clock), reads: new Turns(READS_MAX) };
      const countRefusal = (kind: string, detail: string): void => cluster.countRefusal(kind, detail);
      const pictures = createPictureDesk(operator);
      served = {
        name: system.name,
        hub: {
          system,
          memory,
          operator,
          guard: guardFor({ answers: false, now: () => clock.monotonic() }),
          feed: createClusterFeed(() => lookAtCluster(operator, stages), { clock, log }),
          events,
          pictures,
          gaps,
          audits: createAuditDesk(operator),
          version,
          countRefusal,
        },
      };
      gatherEvents(operator, (of, event) => events.add(clock.now(), of, event));
      door.open(
        new Map([
          ...pageRoutes,
          ["/health", getRoute(healthAnswer)],
          ["/ready", getRoute(() => readyAnswer(health))],
          ["/metrics", getRoute(() => metrics.answer(), "operators")],
          ["/results", getRoute((request) => resultsAnswer(request, results), "operators")],
          [
            "/frame/*",
            {
              ...getRoute((request) => frameAnswer(request, { operator, pictures }), "operators"),
              waits: true,
            },
          ],
          ["/results/stream", getRoute(createResultsStream(results), "operators")],
        ]),
        { onRefused: countRefusal, memory },
      );
    },
  };
}

function sessionRoutes(sessions: Sessions): Routes {
  return new Map([
    [
      "/session",
      {
        for: "anybody",
        isListed: false,
        bodyBytesMax: PROOF_BYTES_MAX,
        answers: {
          POST: (request, body) => signIn(request, body, sessions),
          DELETE: (request) => signOut(request, sessions),
        },
      },
    ],
  ]);
}
