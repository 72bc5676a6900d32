/** What the actors of an operator take: records from the cloud that has the store, and events from the node that they are of. */

import { z } from "../../runtime/parse.js";
import { TEXT_LIMITS } from "../../task/limits.js";
import type { SubscriptionEvent } from "../protocol/distributor.js";
import type { PictureMessage } from "../protocol/pictures.js";
import type { WatcherMessage } from "../protocol/agent.js";
import { count, eventPlace, name, ref, text } from "./forms.js";
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

const EVENTS = {
  watching: form<Told<"watching">>()(z.object({ at: eventPlace })),
  sourceStarted: form<Told<"sourceStarted">>()(
    z.object({ at: eventPlace, sourceId: name, description: text }),
  ),
  sourceResumed: form<Told<"sourceResumed">>()(
    z.object({ at: eventPlace, sourceId: name, description: text, error: failure.nullable() }),
  ),
  sourceStalled: form<Told<"sourceStalled">>()(
    z.object({
      at: eventPlace,
      sourceId: name,
      reason: z.enum(["stalled", "frozen"]),
      detail: text,
      attempt: count,
    }),
  ),
  sourceBack: form<Told<"sourceBack">>()(
    z.object({ at: eventPlace, sourceId: name, afterMs: z.number().min(0) }),
  ),
  sourcePaused: form<Told<"sourcePaused">>()(z.object({ at: eventPlace, sourceId: name, reason: text })),
  sourceContinued: form<Told<"sourceContinued">>()(z.object({ at: eventPlace, sourceId: name })),
  sourceEnded: form<Told<"sourceEnded">>()(
    z.object({
      at: eventPlace,
      sourceId: name,
      error: failure.nullable(),
      goesOn: z.literal(true).optional(),
      ledger,
    }),
  ),
  stageFailed: form<Told<"stageFailed">>()(
    z.object({ at: eventPlace, node: z.string().max(TEXT_LIMITS.name), stage, error: failure }),
  ),
  eventsMissed: form<Told<"eventsMissed">>()(
    z.object({ at: eventPlace, node: z.string().max(TEXT_LIMITS.name), count }),
  ),
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
        about: (event) => ((Object(event).node ?? node) === node ? node : null),
        forAll: [],
      },
    ]),
  );
}
