/**
 * What a simulated node hears of its cluster, at every event.
 *
 * MC1 Sessions are unique under one hub: each comes once and goes once, and who comes back comes under a higher one.
 * MC2 Once a member is gone, or the node is cut off, every watch of it on an actor there has fired.
 */

import type { SluiceNode } from "../node/node.js";
import type { ClusterEvent, Member } from "../transport/cluster/cluster.js";
import type { NodeName } from "../task/identity.js";
import { isHostiles } from "./hostile/hostile-verdict.js";
import type { SimulatedProcess } from "./simulated-process.js";
import type { StepListener } from "./step-listener.js";
import type { VirtualTime } from "./virtual-time.js";

/** Until what happens at once has happened, in ms. */
const AT_ONCE_MS = 5;

/** A watch on an actor of a member that has not fired. */
interface Open {
  readonly name: NodeName;
  readonly session: number;
}

export class MembershipChecker {
  readonly #time: VirtualTime;
  readonly #listener: StepListener;

  constructor(time: VirtualTime, listener: StepListener) {
    this.#time = time;
    this.#listener = listener;
  }

  /** Listens to a node for as long as its process lives. */
  follow(node: SluiceNode, process: SimulatedProcess): void {
    const { cluster, system } = node;
    if (cluster === null) return;
    const newest = new Map<string, number>();
    const gone = new Set<number>();
    const open = new Set<Open>();
    const report = (text: string): void => this.#listener.onViolation(`members: ${node.name}: ${text}`);
    const expectFired = (isGone: (watch: Open) => boolean): void => {
      const ending = [...open].filter(isGone);
      if (ending.length > 0) this.#listener.tried("members a watch on a member that goes");
      const atMs = this.#time.nowMs;
      this.#time.after(AT_ONCE_MS, () => {
        if (process.awakeSinceMs > atMs) return;
        for (const watch of ending) {
          if (open.delete(watch)) report(`it watches ${watch.name}, and hears nothing although that is gone`);
        }
      });
    };
    const up = ({ name, session, roles }: Member): void => {
      const before = newest.get(name) ?? 0;
      if (gone.has(session) || session < before)
        report(`${name} is back under session ${session}, after ${before}`);
      newest.set(name, session);
      if (name === node.name || roles.includes("operator") || isHostiles(name)) return;
      const watch = { name, session };
      open.add(watch);
      system.watch(system.resolve<never>(`sluice://${name}/controller`), () => open.delete(watch));
    };
    const on = (event: ClusterEvent): void => {
      if (process.killed) return;
      switch (event.type) {
        case "memberUp":
          up(event.member);
          break;
        case "memberDown":
        case "memberLeft": {
          const { name, session } = event.member;
          if (gone.has(session)) report(`session ${session} of ${name} goes twice`);
          gone.add(session);
          expectFired((watch) => watch.session === session);
          break;
        }
        case "cutOff":
          expectFired(() => true);
          break;
        case "joined":
          // Another process of the hub may begin with lower ones.
          newest.clear();
          gone.clear();
          break;
        case "memberLeaving":
        case "refused":
          break;
      }
    };
    cluster.subscribe(on);
  }
}
