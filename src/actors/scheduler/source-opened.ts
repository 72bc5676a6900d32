/** What a source itself gives, as its node says once it is open: policies choose nothing above it. */

import type { NativeVideo } from "../../task/native-video.js";
import type { SourceDescription } from "../../task/requests.js";
import { sameData } from "../../task/same-data.js";
import { requestReplan } from "./decide.js";
import { hostOpens } from "./hosting/host-news.js";
import type { Ctx, Of, State } from "./state.js";
import { steered } from "./steered.js";

export function onSourceOpened(state: State, { sourceId, node, native }: Of<"sourceOpened">, ctx: Ctx): void {
  const { orders, sources } = state.retained;
  const [registered, entry] = [sources.get(sourceId), state.sources.get(sourceId)];
  if (registered === undefined || entry === undefined || registered.node !== node) {
    state.ignored++;
    return;
  }
  hostOpens(state, sourceId, node);
  if (sameData(registered.native, native)) return;
  const opened = { ...registered, native };
  sources.set(sourceId, opened);
  state.sources.set(sourceId, { ...entry, description: steered(opened, orders.get(sourceId)) });
  requestReplan(state, sourceId, `source ${sourceId} is open`, ctx);
}

/** What is known of a source that is registered again, of the same node. */
export function nativeOf({ retained }: State, { id, node }: SourceDescription): NativeVideo | undefined {
  const known = retained.sources.get(id);
  return known?.node === node ? known.native : undefined;
}
