/** What the actor `alarms` of a hub is asked by operators. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { AlarmReport } from "../../task/hub-events.js";

export type AlarmsMessage =
  | { readonly type: "reportAlarms"; readonly replyTo: ActorRef<AlarmsReported> }
  /** It is known: it is told no more until it is resolved. `about` absent: all of the rule. */
  | {
      readonly type: "acknowledgeAlarms";
      readonly alarm: string;
      readonly about?: string;
      readonly replyTo: ActorRef<AlarmsReported>;
    };

/** Those that are raised now, oldest first. */
export interface AlarmsReported {
  readonly type: "alarmsReported";
  readonly alarms: readonly AlarmReport[];
}
