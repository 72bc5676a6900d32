/** The rules of the audit, each in a file that says what it means. A record is checked by them in this order. */

import { attempt } from "./rules/attempt.js";
import { bounds } from "./rules/bounds.js";
import { chain } from "./rules/chain.js";
import { closed } from "./rules/closed.js";
import { complete } from "./rules/complete.js";
import { content } from "./rules/content.js";
import { continuity } from "./rules/continuity.js";
import { doubled } from "./rules/doubled.js";
import { epoch } from "./rules/epoch.js";
import { frames } from "./rules/frames.js";
import { hops } from "./rules/hops.js";
import { lost } from "./rules/lost.js";
import { pipeline } from "./rules/pipeline.js";
import { position } from "./rules/position.js";
import { sealed } from "./rules/sealed.js";
import { times } from "./rules/times.js";

export const AUDIT_RULES = [
  position,
  attempt,
  doubled,
  lost,
  hops,
  epoch,
  bounds,
  times,
  content,
  pipeline,
  continuity,
  frames,
  closed,
  chain,
  complete,
  sealed,
] as const;

/** A rule of the audit, by name. */
export type AuditRuleCode = (typeof AUDIT_RULES)[number]["code"];
