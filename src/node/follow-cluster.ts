/** Keeps the components of a node in step with the members of its cluster. */

import type { TimerHandle } from "../runtime/clock.js";
import { assertNever } from "../runtime/errors.js";
import type { ActorSystem } from "../runtime/system.js";
import type { Cluster, ClusterEvent, LinkReport, Member } from "../transport/cluster/cluster.js";
import type { ClusterClock } from "../transport/cluster-clock.js";
import type { Components } from "./components.js";
import type { MonitorMessage } from "../actors/protocol/monitor.js";
import type { SchedulerMessage } from "../actors/protocol/scheduler.js";
import type { NodeName } from "../task/identity.js";

/** Between corrections of the clock, in ms. */
const CLOCK_PERIOD_MS = 1_000;
/** A link asks for the other side's time as soon as it is open, so that the answer takes a round trip, ms. */
const HUB_TIME_MS_MAX = 2_000;
const HUB_TIME_LOOK_MS = 10;
/** Nodes to which a node's monitor measures the round trip at most; the hub is among them. */
const PEERS_MAX = 8;

export function followCluster({
  system,
  clock,
  cluster,
  components,
  onCluster,
}: {
  readonly system: ActorSystem;
  readonly clock: ClusterClock;
  readonly cluster: Cluster;
  readonly components: Pick<Components, "monitor" | "register" | "nodeGone" | "nodeBack">;
  readonly onCluster: ((event: ClusterEvent) => void) | undefined;
}): void {
  const scheduler = system.resolve<SchedulerMessage>(`sluice://${cluster.hub}/scheduler`);
  const isHub = cluster.hub === system.name;
  let joined = true;
  /** The other nodes, as far as this one knows. Operators are none: they have no part in tasks. */
  const known = new Set(othersOf(system, cluster));
  cluster.subscribe((event) => {
    switch (event.type) {
      case "cutOff":
        joined = false;
        components.nodeGone(cluster.hub, { left: false });
        break;
      case "joined":
        if (joined) break;
        joined = true;
        // Those that are still members are announced next.
        for (const name of known) components.nodeGone(name, { left: false });
        known.clear();
        // The scheduler may be another one than before, and has removed this node in any case.
        components.register();
        break;
      case "memberUp":
        if (isOther(system, event.member)) onUp(event.member.name);
        break;
      case "memberDown":
      case "memberLeft":
        if (isOther(system, event.member)) onGone(event.member.name, event.type === "memberLeft");
        break;
      case "memberLeaving":
      case "refused":
        break;
      default:
        assertNever(event);
    }
    if (event.type.startsWith("member")) linkMonitor(system, cluster, components);
    onCluster?.(event);
  });
  if (!isHub) keepTime(system, clock, cluster);

  function onUp(name: NodeName): void {
    known.add(name);
    components.nodeBack(name);
  }

  function onGone(name: NodeName, left: boolean): void {
    known.delete(name);
    components.nodeGone(name, { left });
    if (isHub) scheduler.tell({ type: "removeNode", node: name, gone: true }, "control");
  }
}

/** Whether a member is another node with components; operators have none. */
function isOther(system: ActorSystem, { name, roles }: Member): boolean {
  return name !== system.name && !roles.includes("operator");
}

function othersOf(system: ActorSystem, cluster: Cluster): readonly NodeName[] {
  return [...cluster.members.values()].filter((member) => isOther(system, member)).map(({ name }) => name);
}

function linkMonitor(system: ActorSystem, cluster: Cluster, { monitor }: Pick<Components, "monitor">): void {
  const others = othersOf(system, cluster);
  // The hub measures the round trip to every node; the others to the hub and a few more.
  const measured =
    cluster.hub === system.name
      ? others
      : [...others.filter((name) => name === cluster.hub), ...others].slice(0, PEERS_MAX);
  const peers = measured.map(
    (name) => [name, system.resolve<MonitorMessage>(`sluice://${name}/monitor`)] as const,
  );
  monitor.tell({ type: "watchLinks", peers: Object.fromEntries(peers) });
}

/**
 * Sets this node's clock to the hub's, before anything reads it: times of this incarnation are then of one clock from the
 * first on. Where the hub does not tell in time, `followCluster` does it later.
 */
export async function takeHubTime(clock: ClusterClock, cluster: Cluster): Promise<void> {
  for (let waitedMs = 0; waitedMs < HUB_TIME_MS_MAX; waitedMs += HUB_TIME_LOOK_MS) {
    const { clockOffsetMs: offsetMs = null, rttMs = null } = hubLinkOf(cluster) ?? {};
    if (offsetMs !== null) {
      clock.step(offsetMs, (rttMs ?? 0) / 2);
      return;
    }
    await new Promise<void>((resolve) => void clock.after(HUB_TIME_LOOK_MS, resolve));
  }
}

function hubLinkOf({ links }: Cluster): LinkReport | undefined {
  return links.find(({ kind }) => kind === "hub");
}

/** Keeps this node's clock in step with the hub's, until the node leaves. */
function keepTime(system: ActorSystem, clock: ClusterClock, cluster: Cluster): void {
  let timer: TimerHandle | null = null;
  const look = (): void => {
    const hub = hubLinkOf(cluster);
    if (hub !== undefined && hub.clockOffsetMs !== null) {
      const steppedMs = clock.correct(hub.clockOffsetMs, (hub.rttMs ?? 0) / 2);
      if (steppedMs !== 0) system.log.warn("The clock was set to that of the hub", { steppedMs });
    }
    timer = clock.after(CLOCK_PERIOD_MS, look);
  };
  look();
  system.shutdown.addTask({ phase: "leave", name: "clock", run: () => timer?.cancel() });
}
