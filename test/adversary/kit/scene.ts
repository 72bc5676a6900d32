/** A cluster of real processes at honest work: a hub, two edges with a source each, and an operator who follows. */

import { join } from "node:path";
import { guardFor } from "../../../src/actors/guard/guard.js";
import type { DistributorMessage, SubscriptionEvent } from "../../../src/actors/protocol/distributor.js";
import { createFollower, FOLLOWER_DEMAND } from "../../../src/operator/follower.js";
import { startFollower, type Follower, type Line } from "./follower.js";
import { SOURCES, STAGES } from "./honest.js";
import type { HonestNode } from "./honest-node.js";
import { joinAs, type HostileMember, type MemberOptions } from "./member.js";
import { outerAddress, type Place } from "./stranger.js";
import { openWire, type Wire } from "./wire.js";
import { inWorkshop, type Finished, type Workshop } from "./workshop.js";

type Given<Options> = Partial<Omit<Options, "url" | "token">>;

export interface Scene {
  readonly workshop: Workshop;
  readonly hub: HonestNode;
  /** `edge-1` listens for others, too. */
  readonly edges: readonly HonestNode[];
  /** By which members come. */
  readonly url: string;
  /** By which strangers come. */
  readonly place: Place;
  /** Where `edge-1` listens. */
  readonly edgePlace: Place;
  readonly edgeToken: string;
  readonly operatorToken: string;
  readonly viewerToken: string;
  /** Signs one browser in to the page, once; null of a hub without one. */
  readonly code: string | null;
  readonly tokensFolder: string;
  readonly follower: Follower;
  /** An honest operator in this process: who is there, and what the hub says of itself. */
  readonly scout: HostileMember;
  /** What that operator is told of the results by its actor `LEAKED`, whose name the attackers know. */
  readonly followed: readonly SubscriptionEvent[];
  /** A member with the token of an edge, or of an operator where `roles` say so. It is gone after the attack. */
  member(options?: Given<MemberOptions>): Promise<HostileMember>;
  operator(): Promise<HostileMember>;
  wire(options?: Given<MemberOptions>): Promise<Wire>;
  sessionOf(name: string): number;
  /** The newest task of a source that was stored. */
  newest(source: string): Line["id"];
  /** `sluice ...args`, as an operator of this hub. */
  cli(...args: readonly string[]): Promise<Finished>;
  /** Resolves once `count` more tasks of each source are stored that were made from now on. @throws where they are not in time */
  goesOn(count: number, timeoutMs: number): Promise<void>;
  /** Starts an edge anew that is gone. */
  edgeAgain(name: string): Promise<void>;
  /** Ends the members that the last attack brought. */
  clear(): Promise<void>;
}

const CALM_TASKS = 20;
/** How much longer than a machine of one's own takes anything may take: what stands still does so for good. */
const PATIENCE = 5;
/** Names of actors of the scout as operators have them, but for the part that nobody can guess. */
export const LEAKED = "follower$leaked";
export const LEAKED_EVENTS = (node: string): string => `events-of-${node}$leaked`;

let guests = 0;

export async function inScene<Result>(
  { web }: { readonly web: boolean },
  work: (scene: Scene) => Promise<Result>,
): Promise<Result> {
  return inWorkshop(async (workshop) => {
    const scene = await openScene(workshop, web);
    try {
      return await work(scene);
    } finally {
      await scene.clear();
      scene.follower.stop();
      // Where the hub is gone, leaving takes its time, and nobody waits for it.
      void scene.scout.leave().catch(() => {});
    }
  });
}

async function openScene(workshop: Workshop, web: boolean): Promise<Scene> {
  const tokensFolder = join(workshop.folder, "store.cluster", "tokens");
  const hub = workshop.node({
    name: "cloud",
    listen: "ws://0.0.0.0:0",
    store: join(workshop.folder, "store"),
    tokens: tokensFolder,
    web,
  });
  const { url: heard } = await hub.heard("up");
  const {
    edge: edgeToken,
    operator: operatorToken,
    viewer: viewerToken,
    code,
  } = (await hub.heard("tokens")) as unknown as {
    readonly edge: string;
    readonly operator: string;
    readonly viewer: string;
    readonly code: string | null;
  };
  const port = Number(new URL(String(heard)).port);
  const url = `ws://127.0.0.1:${port}`;
  const startEdge = async ({ node, id, policy }: (typeof SOURCES)[number]): Promise<HonestNode> => {
    const edge = workshop.node({
      name: node,
      join: url,
      token: edgeToken,
      // What makes it the same node when it comes again.
      journal: join(workshop.folder, `journal-of-${node}`),
      ...(node === "edge-1" && { listen: "ws://127.0.0.1:0" }),
      source: { id, policy },
    });
    await edge.heard("up");
    return edge;
  };
  const edges = await Promise.all(SOURCES.map(startEdge));
  const edgeUrl = String((await edges[0]?.heard("up"))?.["url"]);
  const follower = startFollower(url, operatorToken);
  const scout = await joinAs({
    url,
    token: operatorToken,
    name: "scout",
    roles: ["operator"],
    guard: guardFor({ of: "operator" }),
  });
  const followed = followAs(scout, LEAKED);
  const brought: (() => Promise<void>)[] = [];

  const scene: Scene = {
    workshop,
    hub,
    edges,
    url,
    place: { host: outerAddress(), port },
    edgePlace: { host: "127.0.0.1", port: Number(new URL(edgeUrl).port) },
    edgeToken,
    operatorToken,
    viewerToken,
    code,
    tokensFolder,
    follower,
    scout,
    followed,
    async member(options = {}) {
      const operator = options.roles?.includes("operator") === true;
      const token = operator ? operatorToken : edgeToken;
      const made = await joinAs({ url, token, name: `rogue-${(guests += 1)}`, ...options });
      brought.push(() => made.leave());
      return made;
    },
    operator: () => scene.member({ roles: ["operator"] }),
    async wire(options = {}) {
      const made = await openWire({ url, token: edgeToken, name: `raw-${(guests += 1)}`, ...options });
      brought.push(() => Promise.resolve(made.close()));
      return made;
    },
    sessionOf: (name) =>
      [...scout.cluster.members.values()].find((member) => member.name === name)?.session ?? 0,
    newest: (source) =>
      follower.lines.findLast(({ id, type }) => id.sourceId === source && type === "result")?.id ?? {
        sourceId: source,
        incarnation: 0,
        sequence: 0,
      },
    cli: (...args) => workshop.run([...args, "--hub", url], { env: { SLUICE_TOKEN: operatorToken } }),
    async goesOn(count, timeoutMs) {
      const sinceMs = Date.now();
      const from = follower.lines.length;
      for (const { id: source } of SOURCES) {
        await follower.until(
          (lines) => lines.slice(from).filter((line) => isNew(line, source, sinceMs)).length >= count,
          PATIENCE * timeoutMs,
          `"${source}" to go on`,
        );
      }
    },
    async edgeAgain(name) {
      const at = SOURCES.findIndex(({ node }) => node === name);
      const source = SOURCES[at];
      if (source === undefined) return;
      await edges[at]?.kill();
      edges[at] = await startEdge(source);
    },
    async clear() {
      await Promise.all(brought.splice(0).map((leave) => leave().catch(() => {})));
    },
  };
  // Also what it takes without any attack.
  await scene.goesOn(CALM_TASKS, 30_000);
  return scene;
}

/** Follows the results as an operator does. @returns what it is told, as it comes */
function followAs({ system }: HostileMember, name: string): readonly SubscriptionEvent[] {
  const distributor = system.resolve<DistributorMessage>("sluice://cloud/distributor");
  const told: SubscriptionEvent[] = [];
  const subscriber = system.spawn(
    createFollower(distributor, (event) => void told.push(event)),
    { name },
  );
  distributor.tell({ type: "subscribe", subscriber, fromPosition: 0, demand: FOLLOWER_DEMAND });
  return told;
}

/** A whole result of a task that was made since. */
function isNew({ type, id, createdAtMs, results }: Line, source: string, sinceMs: number): boolean {
  return (
    type === "result" &&
    id.sourceId === source &&
    (createdAtMs ?? 0) >= sinceMs &&
    Object.keys(results ?? {})
      .sort()
      .join() === STAGES.join()
  );
}
