/** The three questions that a DAG of named vertices is asked: an order, a cycle, its parts. */

/** For each vertex those that come directly before it; every one of them is a key too. */
export type Predecessors<Id extends string> = ReadonlyMap<Id, readonly Id[]>;

/**
 * Each vertex behind all of its predecessors, otherwise in the order given; fewer than all where there is a cycle
 * (Kahn 1962, "Topological sorting of large networks").
 */
export function topologicalOrder<Id extends string>(graph: Predecessors<Id>): readonly Id[] {
  const order = new Set<Id>();
  for (let grown = true; grown;) {
    grown = false;
    for (const [id, predecessors] of graph) {
      if (order.has(id) || !predecessors.every((predecessor) => order.has(predecessor))) continue;
      order.add(id);
      grown = true;
    }
  }
  return [...order];
}

/** One cycle in the direction of its edges, its first vertex again at the end; null where there is none. */
export function findCycle<Id extends string>(graph: Predecessors<Id>): readonly Id[] | null {
  const ordered = new Set(topologicalOrder(graph));
  const stuck = (ids: Iterable<Id>) => [...ids].find((id) => !ordered.has(id));
  // Whatever has no place in the order has a predecessor that has none either: walking back must come round.
  const walked: Id[] = [];
  for (let id = stuck(graph.keys()); id !== undefined; id = stuck(graph.get(id) ?? [])) {
    const start = walked.indexOf(id);
    if (start !== -1) return [id, ...walked.slice(start).toReversed()];
    walked.push(id);
  }
  return null;
}

/** The vertices of each connected part, whichever way its edges point; in the order given. */
export function connectedParts<Id extends string>(graph: Predecessors<Id>): readonly (readonly Id[])[] {
  const partOf = new Map<Id, Set<Id>>();
  for (const id of graph.keys()) partOf.set(id, new Set([id]));
  for (const [id, predecessors] of graph) {
    for (const predecessor of predecessors) {
      const part = partOf.get(id);
      const other = partOf.get(predecessor);
      if (part === undefined || other === undefined || part === other) continue;
      for (const member of other) {
        part.add(member);
        partOf.set(member, part);
      }
    }
  }
  return [...new Set(partOf.values())].map((part) => [...graph.keys()].filter((id) => part.has(id)));
}
