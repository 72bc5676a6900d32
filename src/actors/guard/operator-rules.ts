/** What the actors of an operator take: records from the cloud that has the store, and events from the node that they are of. */

import { z } from "../../runtime/parse.js";
import { TEXT_LIMITS } from "../../task/limits.js";
import type { SubscriptionEvent } from "../protocol/distributor.js";
import type { PictureMessage } from "../protocol/pictures.js";
import type { WatcherMessage } from "../protocol/agent.js";
import { count, eventPlace, modelInUse, name, ref, text } from "./forms.js";
import { picture } from "./picture-forms.js";
import { failure, ledger, record } from "./report-forms.js";
import { form, type Rules } from "./rules.js";

type Event<Type> = Extract<SubscriptionEvent, { readonly type: Type }>;
type Told<Type> = Extract<WatcherMessage, { readonly type: Type }>;

const CLOUD = ["cloud"] as const;
const NODES = ["cloud", "edge"] as const;

/** Stands between the readable part of an actor's name and the part that nobody can guess; no name of a node has it. */
export const SECRET_MARK = "$";

export const SUBSCRIBER: Rules = {
  record: { from: CLOUD, read: form<Event<"record">>()(z.object({ record })) },
  recordsExpired: {
    from: CLOUD,
    read: form<Event<"recordsExpired">>()(z.object({ fromPosition: count, toPosition: count })),
  },
  subscriptionFailed: {
    from: CLOUD,
    read: form<Event<"subscriptionFailed">>()(z.object({ error: failure })),
  },
};

const stage = z.object({
  pipelineId: name,
  pipelineVersion: count,
  stage: name,
  variant: name.optional(),
});

/** What every event says. */
const event = z.object({ at: eventPlace });

const EVENTS = {
  watching: form<Told<"watching">>()(event),
  sourceStarted: form<Told<"sourceStarted">>()(event.extend({ sourceId: name, description: text })),
  sourceResumed: form<Told<"sourceResumed">>()(
    event.extend({ sourceId: name, description: text, error: failure.nullable() }),
  ),
  sourceStalled: form<Told<"sourceStalled">>()(
    event.extend({ sourceId: name, reason: z.enum(["stalled", "frozen"]), detail: text, attempt: count }),
  ),
  sourceBack: form<Told<"sourceBack">>()(event.extend({ sourceId: name, afterMs: z.number().min(0) })),
  sourcePaused: form<Told<"sourcePaused">>()(
    event.extend({ sourceId: name, reason: text, by: z.literal("policy").optional() }),
  ),
  sourceContinued: form<Told<"sourceContinued">>()(event.extend({ sourceId: name })),
  sourceEnded: form<Told<"sourceEnded">>()(
    event.extend({ sourceId: name, error: failure.nullable(), goesOn: z.literal(true).optional(), ledger }),
  ),
  stageFailed: form<Told<"stageFailed">>()(
    event.extend({ node: z.string().max(TEXT_LIMITS.name), stage, error: failure }),
  ),
  modelSwapped: form<Told<"modelSwapped">>()(
    event.extend({ node: z.string().max(TEXT_LIMITS.name), model: modelInUse }),
  ),
  eventsMissed: form<Told<"eventsMissed">>()(event.extend({ node: z.string().max(TEXT_LIMITS.name), count })),
};

/** Of the actor `pictures-of-NODE$SECRET`: that node alone shows it what it captures. */
export function pictureRules(actor: string): Rules {
  const [node = ""] = actor.slice("pictures-of-".length).split(SECRET_MARK);
  return {
    picture: {
      from: NODES,
      read: form<PictureMessage>()(z.object({ picture, replyTo: ref })),
      about: () => node,
      forAll: [],
    },
  };
}

/** Of the actor `events-of-NODE$SECRET`: that node alone tells it what happens there. */
export function nodeEventRules(actor: string): Rules {
  const [node = ""] = actor.slice("events-of-".length).split(SECRET_MARK);
  return Object.fromEntries(
    Object.entries(EVENTS).map(([type, read]) => [
      type,
      {
        from: NODES,
        read,
        about: (told) => ((Object(told).node ?? node) === node ? node : null),
        forAll: [],
      },
    ]),
  );
}
