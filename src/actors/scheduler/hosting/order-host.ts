/** An operator orders a source from several nodes, or ends that. */

import { SluiceError } from "../../../task/errors.js";
import { parseSourceId, type SourceId } from "../../../task/identity.js";
import { suggestName } from "../../../task/nearest-name.js";
import type { Ctx, Of, State } from "../state.js";
import { forgetHosting, seal } from "./find-host.js";
import type { HostEntry } from "./host-entry.js";

/** Sources that are ordered so at a time. */
const HOSTED_MAX = 10_000;

export function onHostSource(state: State, message: Of<"hostSource">, ctx: Ctx): void {
  const { definition, hosting, replyTo } = message;
  const { options, retained } = state;
  const refused = (sourceId: SourceId, error: SluiceError): void =>
    replyTo.tell({ type: "hostRefused", sourceId, error });
  let id: SourceId;
  try {
    id = parseSourceId(definition.id);
  } catch (thrown) {
    if (!(thrown instanceof SluiceError)) throw thrown;
    // It is named as it was given, for whoever gave it.
    refused(definition.id as SourceId, thrown);
    return;
  }
  if (isGivenAgain(state, id, message)) return;
  const problem = orderProblem(state, id);
  if (problem !== null || options.owners.appoint(id, null, ctx.now()) === null) {
    refused(id, problem ?? tooMany(id));
    return;
  }
  const { candidates, choice } = hosting;
  retained.hosted.set(id, {
    candidates,
    choice,
    request: definition,
    host: null,
    lastHost: null,
    sealed: false,
    fromPosition: null,
    position: null,
    lastTaskAtMs: null,
    tasksBefore: 0,
    reason: "",
    history: [],
  });
  const entry: HostEntry = {
    phase: { status: "sealing" },
    isRegistered: false,
    isOpen: false,
    refused: new Map(),
    replyTo,
  };
  state.hosts.set(id, entry);
  seal(state, id, entry, ctx);
}

/** Whether it stands by that very order, whose answer may be lost; then it is answered as it stands, once it has its first host. */
function isGivenAgain(state: State, id: SourceId, { definition, replyTo }: Of<"hostSource">): boolean {
  const hosted = state.retained.hosted.get(id);
  if (hosted === undefined || definition.order === undefined || hosted.request.order !== definition.order)
    return false;
  const entry = state.hosts.get(id);
  if (entry !== undefined && entry.replyTo !== null) entry.replyTo = replyTo;
  else replyTo.tell({ type: "sourceHosted", sourceId: id, node: hosted.host });
  return true;
}

function orderProblem({ retained, options, sources }: State, id: SourceId): SluiceError | null {
  const cannot = (why: string): SluiceError =>
    new SluiceError(`Cannot have source "${id}" captured as ${why}`, {
      code: "source-invalid",
      details: { source: id },
    });
  if (retained.hosted.has(id))
    return cannot(`one of that name is ordered already: end it with "sluice stop ${id}"`);
  if (retained.hosted.size >= HOSTED_MAX) return tooMany(id);
  const owner = options.owners.holderOf(id) ?? sources.get(id)?.description.node ?? null;
  if (owner === null) return null;
  return cannot(
    `node "${owner}" has one of that name: give it another one with --id, or end that one with "sluice stop ${id}"`,
  );
}

function tooMany(id: SourceId): SluiceError {
  const text = `Cannot have source "${id}" captured as there are too many already: remove one first`;
  return new SluiceError(text, { code: "source-invalid", details: { source: id } });
}

export function onEndHosting(state: State, { sourceId, replyTo }: Of<"endHosting">, ctx: Ctx): void {
  const { hosted } = state.retained;
  if (!hosted.has(sourceId)) {
    const names = [...hosted].map(([id]) => id);
    const text = `Cannot end the order of source "${sourceId}" as none is ordered from several nodes under that name${suggestName(sourceId, names)}`;
    const error = new SluiceError(text, { code: "source-missing", details: { source: sourceId } });
    replyTo.tell({ type: "orderRefused", sourceId, error });
    return;
  }
  forgetHosting(state, sourceId, ctx);
  replyTo.tell({ type: "orderTaken", sourceId });
}
