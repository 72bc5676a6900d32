/**
 * The port between the scheduler and whatever asks policies: a thread of its own in production, the same turn of the actor in
 * tests and in the simulation. The scheduler hands over a round and goes on; what comes of it comes as a message.
 */

import type { PolicySpec } from "../../task/requests.js";
import type { SourceId } from "../../task/identity.js";
import type { DecisionLimits } from "../../scheduling/ask-policy.js";
import type { PolicyInfo, PolicyRegistry } from "../../scheduling/policies.js";
import type { PolicyScope } from "../../scheduling/policy.js";
import type { RoundRequest, TurnAnswer } from "../../scheduling/round.js";
import type { ShadowAnswer } from "../../scheduling/shadow-round.js";

export interface DecisionPort {
  /** Policies whose parameters may be tried on the caller's thread, as they are known to come to an end. */
  readonly trusted: PolicyRegistry;
  readonly limits: DecisionLimits;
  /** The policies that there are, by name; another map once they were replaced. */
  readonly policies: ReadonlyMap<string, PolicyInfo>;
  /** Events go to `listener` from now on, and to nobody else. */
  attach(listener: DecisionListener): void;
  /** Decides a round. One of `roundDecided` and `roundLost` follows; then, where a turn has a shadow, `shadowsDecided` or `roundLost`. */
  decide(job: number, request: RoundRequest): void;
  /** Tries the parameters of a policy. `checked` follows. @param scope where given, they must make sense for it */
  check(job: number, spec: PolicySpec, scope: PolicyScope | null): void;
  /**
   * Reads the files with policies of one's own again; `policiesRead` follows where they are replaced.
   *
   * @throws SluiceError `policy-invalid`: the policies in force stay, also where there is no file
   */
  reload(): Promise<void>;
}

export interface DecisionListener {
  readonly tell: (event: DecisionEvent) => void;
  /** In ms; for those that decide on the listener's own thread. */
  readonly monotonic: () => number;
}

/** Who is to blame for a round that never ended. */
export interface Culprit {
  readonly policy: string;
  /** At which it stood; null where it was tried and decided for none. */
  readonly source: SourceId | null;
  readonly isShadow: boolean;
}

export type DecisionEvent =
  | {
      readonly type: "roundDecided";
      readonly job: number;
      readonly answers: readonly TurnAnswer[];
    }
  | { readonly type: "shadowsDecided"; readonly job: number; readonly answers: readonly ShadowAnswer[] }
  /** It had to be ended, and begins anew: what was asked is lost. */
  | {
      readonly type: "roundLost";
      readonly job: number;
      /** Null where no policy stood at it. */
      readonly culprit: Culprit | null;
      /** For people. */
      readonly text: string;
    }
  | { readonly type: "checked"; readonly job: number; readonly problem: CheckProblem | null }
  /** The files with policies of one's own were read anew; `problem` says why there are none of them now, null where there are. */
  | { readonly type: "policiesRead"; readonly problem: string | null };

/** Why a policy cannot be had; plain data, as errors are none. */
export interface CheckProblem {
  readonly text: string;
}
