/**
 * Has one of several nodes capture a source, and another one where that is gone.
 *
 * HO1 At most one node is appointed at a time, by what is durable. Before another one is, what those before have made is sealed: nothing
 *     that they still have of the source is stored.
 * HO2 A host that is gone is waited for first, as it may be back, and what it had under way ends elsewhere meanwhile. One that leaves in
 *     order ends its tasks first.
 * HO3 A source does not go back by itself to a host that it had before.
 * HO4 A candidate that cannot capture the source, or says that it does and does not, is not asked again for a while; where none can, the source waits.
 */

import { CodedError } from "../../../runtime/errors.js";
import type { AgentMessage, AgentReply } from "../../protocol/agent.js";
import type { DistributorMessage, SealReply } from "../../protocol/distributor.js";
import { AGENT_REPLY, readReply } from "../../guard/replies.js";
import { SluiceError } from "../../../task/errors.js";
import type { HostedSource } from "../../../task/hosting.js";
import type { NodeName, SourceId } from "../../../task/identity.js";
import type { Ctx, Of, State } from "../state.js";
import { chooseHost, type Candidate } from "./choose-host.js";
import type { HostEntry } from "./host-entry.js";

/** For a host that is gone to be back, in ms: a link that broke is open again within this. */
export const HOST_AWAITED_MS = 2_000;
/** For a host to end its tasks as it leaves: it gives up before, in ms. */
export const HOST_LEAVES_MS = 6 * 60_000;
/** Until a candidate that could not capture a source is asked again, or what failed is tried again, in ms. */
const REFUSED_MS = 30_000;
const AGAIN_MS = 1_000;
/** For the store to be read, in ms. */
const SEAL_TIMEOUT_MS = 60_000;
/** For a node to end what ran there under the name, and to read what it is to start, in ms. */
const START_TIMEOUT_MS = 60_000;
/** Of what a node says why it cannot capture a source, characters that are kept. */
const WHY_MAX = 512;
/** Changes of host that are remembered. */
const HISTORY_MAX = 32;

/** Looks at every source that several nodes may capture: whenever nodes or sources come and go, and when something is due. */
export function findHosts(state: State, ctx: Ctx): void {
  if (state.hosts.size === 0) return;
  for (const [id, entry] of state.hosts) findHost(state, id, entry, ctx);
  armHosts(state, ctx);
}

function armHosts(state: State, ctx: Ctx): void {
  const due = [...state.hosts.values()].flatMap(({ phase }) =>
    "untilMs" in phase ? [phase.untilMs - ctx.monotonic()] : [],
  );
  if (due.length > 0) ctx.after("hosts", Math.max(1, Math.min(...due)), { type: "hostsDue" });
}

function findHost(state: State, id: SourceId, entry: HostEntry, ctx: Ctx): void {
  const hosted = state.retained.hosted.get(id);
  if (hosted === undefined) return;
  const { phase } = entry;
  const nowMs = ctx.monotonic();
  switch (phase.status) {
    case "captured":
      if (!isCaptured(state, entry, hosted))
        entry.phase = { status: "awaited", untilMs: nowMs + HOST_AWAITED_MS };
      return;
    case "awaited":
    case "leaving":
      if (isCaptured(state, entry, hosted)) entry.phase = { status: "captured" };
      else if (nowMs >= phase.untilMs) giveUp(state, id, entry, hosted, ctx);
      return;
    case "waiting":
      if (hosted.sealed) appoint(state, id, entry, ctx);
      else if (nowMs >= phase.untilMs) seal(state, id, entry, ctx);
      return;
    case "sealing":
    case "starting":
      return;
  }
}

/** Its host is gone; or it is here, was told to capture the source and does not. */
function giveUp(state: State, id: SourceId, entry: HostEntry, { host }: HostedSource, ctx: Ctx): void {
  const isIdle = entry.phase.status === "awaited" && entry.phase.isTold === true;
  if (host === null || !isIdle || !state.nodes.has(host)) {
    leaveHost(state, id, `node ${host ?? "-"} is gone`, ctx);
    return;
  }
  refuse(entry, host, "it was told to, and does not capture it", ctx);
  leaveHost(state, id, `node ${host} does not capture it`, ctx);
}

function isCaptured({ nodes }: State, { isRegistered }: HostEntry, { host }: HostedSource): boolean {
  return isRegistered && host !== null && nodes.has(host);
}

/** Nobody is its host any more: what was made of it is sealed, and then another one is appointed. */
export function leaveHost(state: State, id: SourceId, reason: string, ctx: Ctx): void {
  const [hosted, entry] = [state.retained.hosted.get(id), state.hosts.get(id)];
  if (hosted === undefined || entry === undefined || hosted.host === null) return;
  state.options.owners.appoint(id, null, ctx.now());
  state.retained.hosted.set(id, {
    ...hosted,
    host: null,
    lastHost: hosted.host,
    sealed: false,
    reason,
  });
  seal(state, id, entry, ctx);
}

/** Counts what is stored of the source; of one that no node had yet, from where on. */
export function seal(state: State, id: SourceId, entry: HostEntry, ctx: Ctx): void {
  const hosted = state.retained.hosted.get(id);
  if (hosted === undefined) return;
  const { lastHost, reason, fromPosition } = hosted;
  const { fallback } = state.options;
  entry.phase = { status: "sealing" };
  ctx.ask<DistributorMessage, SealReply>(
    ctx.resolve(`sluice://${fallback}/distributor`),
    (replyTo) => ({
      type: "sealSource",
      sourceId: id,
      node: lastHost ?? fallback,
      reason,
      fromPosition: lastHost === null ? null : (fromPosition ?? 0),
      replyTo,
    }),
    (result) => ({ type: "sourceSealed", sourceId: id, result }),
    { timeoutMs: SEAL_TIMEOUT_MS },
  );
}

export function onSourceSealed(state: State, { sourceId: id, result }: Of<"sourceSealed">, ctx: Ctx): void {
  const [hosted, entry] = [state.retained.hosted.get(id), state.hosts.get(id)];
  if (hosted === undefined || entry?.phase.status !== "sealing") return;
  if (!result.ok || result.reply.type === "sealFailed") {
    const error = result.ok && result.reply.type === "sealFailed" ? result.reply.error : null;
    ctx.log.warn("Cannot count what is stored of a source that another node is to capture", {
      source: id,
      error: error?.message ?? (result.ok ? "" : result.error.message),
    });
    waitAgain(state, entry, AGAIN_MS, ctx);
    return;
  }
  const { position, lastTaskAtMs, tasks, nextPosition } = result.reply.sealed;
  state.retained.hosted.set(id, {
    ...hosted,
    sealed: true,
    fromPosition: nextPosition,
    position: position ?? hosted.position,
    lastTaskAtMs: lastTaskAtMs ?? hosted.lastTaskAtMs,
    tasksBefore: hosted.tasksBefore + tasks,
  });
  appoint(state, id, entry, ctx);
}

/** Appoints one of the candidates that are there; none: it waits. */
function appoint(state: State, id: SourceId, entry: HostEntry, ctx: Ctx): void {
  const { hosted: known } = state.retained;
  const hosted = known.get(id);
  if (hosted === undefined) return;
  const chosen = chooseHost(hosted, candidatesOf(state, entry, ctx), ctx.random());
  if (chosen === null) {
    waitForCandidate(state, id, entry, ctx);
    return;
  }
  const { node, why } = chosen;
  const incarnationAfter = state.options.owners.appoint(id, node, ctx.now());
  if (incarnationAfter === null) {
    refuse(entry, node, "it has as many sources as a node may have", ctx);
    appoint(state, id, entry, ctx);
    return;
  }
  const change = { atMs: ctx.now(), node, why: hosted.reason === "" ? why : `${hosted.reason}; ${why}` };
  known.set(id, { ...hosted, host: node, history: [...hosted.history, change].slice(-HISTORY_MAX) });
  entry.phase = { status: "starting", node, appointment: incarnationAfter };
  entry.isRegistered = false;
  const written = state.options.written?.() ?? Promise.resolve();
  ctx.pipe(written, (result) => ({
    type: "hostAppointed",
    sourceId: id,
    node,
    incarnationAfter,
    result,
  }));
}

/** It is durable that the node is host: no hub that starts again would have another one. */
export function onHostAppointed(
  state: State,
  { sourceId: id, node, incarnationAfter, result }: Of<"hostAppointed">,
  ctx: Ctx,
): void {
  const [hosted, entry] = [state.retained.hosted.get(id), state.hosts.get(id)];
  if (hosted === undefined || entry === undefined || !isStarting(entry, node)) return;
  if (!result.ok) {
    refuse(entry, node, `it cannot be written who has the source: ${result.error.message}`, ctx, AGAIN_MS);
    withdraw(state, id, entry, ctx);
    return;
  }
  const { lastHost, position, lastTaskAtMs, tasksBefore, reason, request } = hosted;
  const takeover = { incarnationAfter, position, lastTaskAtMs, tasksBefore, reason };
  ctx.ask<AgentMessage, AgentReply>(
    ctx.resolve(`sluice://${node}/agent`),
    (replyTo) => ({
      type: "takeSource",
      definition: request,
      appointment: incarnationAfter,
      takeover: lastHost === null ? null : takeover,
      replyTo,
    }),
    (answer) => ({ type: "hostAnswered", sourceId: id, node, result: answer }),
    { timeoutMs: START_TIMEOUT_MS },
  );
}

export function onHostAnswered(
  state: State,
  { sourceId: id, node, result }: Of<"hostAnswered">,
  ctx: Ctx,
): void {
  const entry = state.hosts.get(id);
  if (entry === undefined || !isStarting(entry, node)) return;
  const read = result.ok ? readReply(AGENT_REPLY, result.reply) : null;
  const answer = read?.ok === true ? read.reply : null;
  if (answer?.type === "refused") {
    const { error } = answer;
    const isPassing = error instanceof CodedError && error.retry === "backoff";
    refuse(entry, node, error.message, ctx, isPassing ? AGAIN_MS : REFUSED_MS);
    withdraw(state, id, entry, ctx);
    return;
  }
  if (answer === null && !state.nodes.has(node)) {
    leaveHost(state, id, `node ${node} is gone`, ctx);
    return;
  }
  // Where it has not said so, it may capture the source all the same.
  entry.phase = { status: "awaited", untilMs: ctx.monotonic() + HOST_AWAITED_MS, isTold: true };
  if (answer !== null) {
    entry.replyTo?.tell({ type: "sourceHosted", sourceId: id, node });
    entry.replyTo = null;
  }
  findHosts(state, ctx);
}

/** The node that was appointed has captured nothing: another one is. */
function withdraw(state: State, id: SourceId, entry: HostEntry, ctx: Ctx): void {
  const hosted = state.retained.hosted.get(id);
  if (hosted === undefined) return;
  state.options.owners.appoint(id, null, ctx.now());
  state.retained.hosted.set(id, { ...hosted, host: null });
  appoint(state, id, entry, ctx);
}

function isStarting({ phase }: HostEntry, node: NodeName): boolean {
  return phase.status === "starting" && phase.node === node;
}

/** It could not be captured there. */
export function refuse(entry: HostEntry, node: NodeName, why: string, ctx: Ctx, forMs = REFUSED_MS): void {
  // Of many nodes these stand in one line.
  entry.refused.set(node, { untilMs: ctx.monotonic() + forMs, why: why.slice(0, WHY_MAX) });
}

function candidatesOf(state: State, { refused }: HostEntry, ctx: Ctx): readonly Candidate[] {
  const nowMs = ctx.monotonic();
  for (const [node, { untilMs }] of refused) if (nowMs >= untilMs) refused.delete(node);
  const sources = new Map<NodeName, number>();
  const count = (node: NodeName): void => void sources.set(node, (sources.get(node) ?? 0) + 1);
  for (const [id, { description }] of state.sources) if (!state.hosts.has(id)) count(description.node);
  for (const [, { host }] of state.retained.hosted) if (host !== null) count(host);
  const isHub = (name: NodeName): boolean => name === state.options.fallback;
  return [...state.nodes]
    .filter(([name]) => !refused.has(name))
    .map(([name, { sample }]) => ({
      name,
      sources: sources.get(name) ?? 0,
      cpuShare: sample?.cpuShare ?? 0,
    }))
    .sort((a, b) => Number(isHub(a.name)) - Number(isHub(b.name)) || (a.name < b.name ? -1 : 1));
}

/** No candidate is there that can: whoever ordered the source is told so, and it waits, unless all that are there have refused it at once. */
function waitForCandidate(state: State, id: SourceId, entry: HostEntry, ctx: Ctx): void {
  const { replyTo, refused } = entry;
  const [last] = [...refused.entries()].slice(-1);
  entry.replyTo = null;
  if (replyTo !== null && last !== undefined) {
    forgetHosting(state, id, ctx);
    const [node, { why }] = last;
    const text = `No candidate can capture source "${id}"; "${node}" last: ${why}`;
    replyTo.tell({
      type: "hostRefused",
      sourceId: id,
      error: new SluiceError(text, { code: "source-invalid", details: { source: id, node } }),
    });
    return;
  }
  replyTo?.tell({ type: "sourceHosted", sourceId: id, node: null });
  const untilMs = Math.min(...[...refused.values()].map((each) => each.untilMs));
  waitAgain(state, entry, Number.isFinite(untilMs) ? untilMs - ctx.monotonic() : REFUSED_MS, ctx);
}

function waitAgain(state: State, entry: HostEntry, forMs: number, ctx: Ctx): void {
  entry.phase = { status: "waiting", untilMs: ctx.monotonic() + Math.max(1, forMs) };
  armHosts(state, ctx);
}

/** The source is ended, or its host's own from now on; a name that no host holds is free. */
export function forgetHosting(state: State, id: SourceId, ctx: Ctx): void {
  const hosted = state.retained.hosted.get(id);
  if (hosted === undefined) return;
  state.retained.hosted.delete(id);
  state.hosts.delete(id);
  if (hosted.host === null) state.options.owners.free(id, ctx.now());
}
