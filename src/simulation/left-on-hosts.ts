/** What hosts of a simulated cluster hold once everything has ended, a sentence each. */

import type { SluiceNode } from "../node/node.js";
import { membersOf, queuedBytes } from "./growth.js";
import type { SimulatedHost } from "./simulated-host.js";

/** @param hub the node that knows who is a member; null where it is down */
export function leftOnHosts(hosts: readonly SimulatedHost[], hub: SluiceNode | null): readonly string[] {
  return hosts.flatMap((host) => {
    const { name, node, checkers, journalEntries, workers } = host;
    if (node === null) return [`left: ${name} is no member at the end`];
    const left = new Map(checkers.held.left());
    // A source of a hostile member that is away stays, and so do its stages.
    const { stages } = checkers.held;
    if (workers > stages) left.set("workers without a stage", workers - stages);
    if (journalEntries > 0) left.set("journal entries", journalEntries);
    if (queuedBytes(node) > 0) left.set("bytes that wait in links", queuedBytes(node));
    const texts = [...left].map(([what, count]) => `left: ${name} still has ${count} ${what}`);
    if (hub !== null && membersOf(node) !== membersOf(hub)) {
      texts.push(`left: ${name} knows ${membersOf(node)}, and the hub ${membersOf(hub)}`);
    }
    return texts;
  });
}
