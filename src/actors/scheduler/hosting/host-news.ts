/** What nodes say of sources that any of several may capture: as they come and go, register a source or end it. */

import type { AgentMessage, AgentReply } from "../../protocol/agent.js";
import { SluiceError } from "../../../task/errors.js";
import type { NodeName, SourceId } from "../../../task/identity.js";
import type { SourceDescription } from "../../../task/requests.js";
import type { Ctx, Of, State } from "../state.js";
import { findHosts, forgetHosting, HOST_AWAITED_MS, HOST_LEAVES_MS, leaveHost, refuse } from "./find-host.js";

/**
 * Why a node may not register a source that an operator has ordered from several; null where it may: as its host, and until that has
 * begun by the appointment that it was told. What it goes on with by itself is behind what was sealed, and is over where the order is.
 */
export function hostingProblem(
  { retained, hosts, options }: State,
  { source: { id, node }, appointment, isNew = false }: Of<"registerSource">,
): SluiceError | null {
  const hosted = retained.hosted.get(id);
  if (hosted === undefined) {
    if (isNew || !options.owners.wasAppointed(id, node)) return null;
    const ended = `Cannot go on with source "${id}" on node "${node}" as another node has had it since, and it has ended`;
    return new SluiceError(ended, { code: "source-invalid", details: { source: id, node: null } });
  }
  const phase = hosts.get(id)?.phase;
  const isAppointed = phase?.status !== "starting" || phase.appointment === appointment;
  if (hosted.host === node && isAppointed) return null;
  const { host, candidates } = hosted;
  const by = candidates === "any" ? "any node" : candidates.join(", ");
  const who = host === null ? "no node does now" : `"${host}" does`;
  const text = `Cannot schedule source "${id}" of node "${node}" as an operator has ordered who captures it (${by}), and ${who}: "sluice stop ${id}" ends that`;
  return new SluiceError(text, { code: "source-invalid", details: { source: id, node: host } });
}

/** Has a node that had the source before another one end it, also where it is only in its journal. */
export function endAtFormer(state: State, { id, node }: SourceDescription, ctx: Ctx): void {
  const hosted = state.retained.hosted.get(id);
  // It may yet be appointed again.
  if (hosted?.host === null || !state.options.owners.wasAppointed(id, node)) return;
  ctx.ask<AgentMessage, AgentReply>(
    ctx.resolve(`sluice://${node}/agent`),
    (replyTo) => ({ type: "drainSource", sourceId: id, replyTo }),
    () => ({ type: "formerAnswered" }),
  );
}

/**
 * A node is gone, or takes nothing new and leaves.
 *
 * @param gone its process ends nothing any more
 */
export function hostGone(state: State, node: NodeName, gone: boolean, ctx: Ctx): void {
  const untilMs = ctx.monotonic() + (gone ? HOST_AWAITED_MS : HOST_LEAVES_MS);
  let isAny = false;
  for (const [id, entry] of state.hosts) {
    if (state.retained.hosted.get(id)?.host !== node) continue;
    entry.isRegistered = false;
    const { status } = entry.phase;
    if (status !== "captured" && !(gone && status === "leaving") && !(!gone && status === "awaited"))
      continue;
    entry.phase = { status: gone ? "awaited" : "leaving", untilMs };
    isAny = true;
  }
  if (isAny) ctx.after("hosts", Math.max(1, untilMs - ctx.monotonic()), { type: "hostsDue" });
}

/** The host of a source has it registered. */
export function hostRegisters(state: State, { id, node, native }: SourceDescription, ctx: Ctx): void {
  const entry = state.hosts.get(id);
  if (entry === undefined || state.retained.hosted.get(id)?.host !== node) return;
  entry.isRegistered = true;
  entry.isOpen = native !== undefined;
  findHosts(state, ctx);
}

/** The host of a source has opened it. */
export function hostOpens({ hosts, retained }: State, id: SourceId, node: NodeName): void {
  const entry = hosts.get(id);
  if (entry !== undefined && retained.hosted.get(id)?.host === node) entry.isOpen = true;
}

/**
 * A source is removed by its node.
 *
 * @returns whether another node is to capture it
 */
export function hostRemoves(
  state: State,
  id: SourceId,
  node: NodeName,
  { suspended, failed }: { readonly suspended: boolean; readonly failed: boolean },
  ctx: Ctx,
): boolean {
  const [hosted, entry] = [state.retained.hosted.get(id), state.hosts.get(id)];
  if (hosted === undefined || entry === undefined || hosted.host !== node) return false;
  entry.isRegistered = false;
  // What could not begin is answered where it was ordered.
  if (failed && entry.phase.status === "starting") return true;
  if (suspended) {
    // All that it has made has ended; else it is about to go on, as with another pipeline.
    if (entry.phase.status === "leaving") leaveHost(state, id, `node ${node} was drained`, ctx);
    else findHosts(state, ctx);
    return true;
  }
  if (!failed || entry.isOpen) {
    forgetHosting(state, id, ctx);
    return false;
  }
  refuse(entry, node, "it could not open the source", ctx);
  leaveHost(state, id, `node ${node} could not open it`, ctx);
  return true;
}
