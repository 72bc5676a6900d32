/**
 * Rule `pipeline`: the tasks of an incarnation of a source are of one version of one pipeline. What was delivered again may be
 * of the version that the next incarnation has.
 */

import { pipelineKeyText } from "../../task/identity.js";
import { incarnationText } from "../findings.js";
import type { AuditRule } from "../rule.js";

export const pipeline: AuditRule<"pipeline"> = {
  code: "pipeline",
  createCheck(_, findings) {
    /** By `source/incarnation`. */
    const pipelines = new Map<string, string>();
    return {
      onRecord({ record, sound, repeated }) {
        if (record.type !== "result" || !sound || repeated || record.delivery > 1) return;
        const incarnation = incarnationText(record.id);
        const own = pipelineKeyText(record.pipelineId, record.pipelineVersion);
        const known = pipelines.get(incarnation);
        if (known === undefined) pipelines.set(incarnation, own);
        else if (known !== own) findings.add(record.id, `It is of ${own}, and tasks before it of ${known}`);
      },
    };
  },
};
