/** What nodes are like, and whose sources are, for people. */

import type { Ctx, Of, State } from "./state.js";

export function onReportNodes(state: State, { replyTo }: Of<"reportNodes">, ctx: Ctx): void {
  const epochMs = ctx.epochMs();
  replyTo.tell({
    type: "nodesReported",
    nodes: [...state.nodes.values()].map(({ description, sample, sampledAtMs }) => ({
      description,
      sample,
      sampledAtMs: epochMs + sampledAtMs,
      failures: state.exclusions.of(description.name, ctx.monotonic()),
      running: state.loaded.modelsOf(description.name),
      heldReports: state.rerouteRates.heldOf(description.name),
    })),
  });
}

export function onReportOwners(state: State, { sources, replyTo }: Of<"reportOwners">): void {
  const owners = sources.flatMap((source) => {
    const owner = state.options.owners.ownerOf(source);
    return owner === undefined ? [] : [[source, owner] as const];
  });
  replyTo.tell({ type: "ownersReported", owners: Object.fromEntries(owners) });
}
