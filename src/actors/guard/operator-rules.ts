/** What the actors of an operator take: records from the cloud that has the store, and events from the node that they are of. */

import { z } from "../../runtime/parse.js";
import { TEXT_LIMITS } from "../../task/limits.js";
import { count, name, text } from "./forms.js";
import { failure, ledger, record } from "./report-forms.js";
import { form, type Rules } from "./rules.js";

const CLOUD = ["cloud"] as const;
const NODES = ["cloud", "edge"] as const;

/** Stands between the readable part of an actor's name and the part that nobody can guess; no name of a node has it. */
export const SECRET_MARK = "$";

export const SUBSCRIBER: Rules = {
  record: { from: CLOUD, check: form(z.object({ record })) },
  recordsExpired: { from: CLOUD, check: form(z.object({ fromPosition: count, toPosition: count })) },
  subscriptionFailed: { from: CLOUD, check: form(z.object({ error: failure })) },
};

const stage = z.object({ pipelineId: name, pipelineVersion: count, stage: name });

const EVENTS = {
  sourceStarted: form(z.object({ sourceId: name, description: text })),
  sourceResumed: form(z.object({ sourceId: name, description: text, error: failure.nullable() })),
  sourceStalled: form(
    z.object({ sourceId: name, reason: z.enum(["stalled", "frozen"]), detail: text, attempt: count }),
  ),
  sourceBack: form(z.object({ sourceId: name, afterMs: z.number().min(0) })),
  sourceEnded: form(z.object({ sourceId: name, error: failure.nullable(), ledger })),
  stageFailed: form(z.object({ node: z.string().max(TEXT_LIMITS.name), stage, error: failure })),
};

/** Of the actor `events-of-NODE$SECRET`: that node alone tells it what happens there. */
export function nodeEventRules(actor: string): Rules {
  const [node = ""] = actor.slice("events-of-".length).split(SECRET_MARK);
  return Object.fromEntries(
    Object.entries(EVENTS).map(([type, check]) => [
      type,
      { from: NODES, check, about: () => node, forAll: [] },
    ]),
  );
}
