/**
 * An order outlasts a link that is cut: it is given again once its node is back, under the id that it had, so that it is done once and
 * whoever gave it learns what became of it.
 *
 * PO1 Only a node that was there is waited for, and each time at most `AWAY_MS`; where this node is cut off itself, so are all others.
 * PO2 What a node answers is not asked for again, whatever it says.
 */

import { CodedError } from "../runtime/errors.js";
import type { ActorSystem } from "../runtime/system.js";
import type { NodeName } from "../task/identity.js";
import type { Cluster } from "../transport/cluster/cluster.js";

/** How long a node is waited for that an order may not have reached, in ms. */
export const AWAY_MS = 10_000;
/** A node is a member before it has its actors: asked again after this, in ms. */
const AGAIN_MS = 500;

/** Codes of an ask that may have reached nobody, or whose answer may be lost. */
const UNHEARD: ReadonlySet<string> = new Set(["node-unreachable", "actor-stopped"]);

/** Whom an order is for. */
export interface OrderedNode {
  readonly system: ActorSystem;
  readonly cluster: Pick<Cluster, "subscribe" | "members" | "connected">;
  readonly node: NodeName;
}

/**
 * Gives an order until it is answered.
 *
 * @param timeoutMs for all attempts together, in ms
 * @param give asks once, for at most that many ms; what it throws without `UNHEARD` code is final
 */
export async function givePatiently<Reply>(
  ordered: OrderedNode,
  timeoutMs: number,
  give: (timeoutMs: number) => Promise<Reply>,
): Promise<Reply> {
  const { system, cluster, node } = ordered;
  const { clock } = system;
  const untilMs = clock.monotonic() + timeoutMs;
  const isAwaited = !cluster.connected || cluster.members.has(node);
  /** Since when no attempt has lasted; null where the last one did. */
  let unheardMs: number | null = null;
  for (;;) {
    const givenMs = clock.monotonic();
    try {
      return await give(untilMs - givenMs);
    } catch (thrown) {
      const nowMs = clock.monotonic();
      if (!isAwaited || !(thrown instanceof CodedError) || !UNHEARD.has(thrown.code)) throw thrown;
      if (unheardMs === null || nowMs - givenMs > AGAIN_MS) unheardMs = nowMs;
      const patienceMs = Math.min(unheardMs + AWAY_MS, untilMs) - nowMs;
      if (patienceMs <= 0 || !(await isBack(ordered, patienceMs))) throw thrown;
    }
  }
}

/** As `untilMember`, but not before `AGAIN_MS`. */
function isBack(ordered: OrderedNode, limitMs: number): Promise<boolean> {
  const earlyMs = Math.min(AGAIN_MS, limitMs);
  return new Promise((resolve) => {
    const look = (): void => resolve(untilMember(ordered, limitMs - earlyMs));
    ordered.system.clock.after(earlyMs, look);
  });
}

/** Resolves with true once the node is a member; with false where it is none within `limitMs`. */
export function untilMember({ system, cluster, node }: OrderedNode, limitMs: number): Promise<boolean> {
  if (cluster.members.has(node)) return Promise.resolve(true);
  return new Promise((resolve) => {
    const late = system.clock.after(limitMs, () => end(false));
    const unsubscribe = cluster.subscribe((event) => {
      if (event.type === "memberUp" && event.member.name === node) end(true);
    });
    function end(isMember: boolean): void {
      late.cancel();
      unsubscribe();
      resolve(isMember);
    }
  });
}
