/** Rules of alarms, as a configuration file says them. */

import { z } from "../../runtime/parse.js";
import { NAME } from "../../task/limits.js";
import { secretForm } from "../secret.js";
import type { SinkUnits } from "../sink-settings.js";

const text = z.string("wanted a text").min(1, "wanted a text that is not empty");
const share = z.number("wanted a share").gt(0, "wanted more than 0").lt(1, "wanted less than 1");

/** @returns the form of a list of rules */
export function rulesForm({ duration, bytes }: SinkUnits) {
  const common = {
    name: z.string("wanted a name").regex(NAME, "wanted letters, digits, -, _ and .: no more than 64"),
    for: duration.default(10_000),
    clear: duration.default(30_000),
  };
  const ofSources = { sources: z.array(text, "wanted a list of names").optional() };
  const forms = [
    z.strictObject({
      ...common,
      ...ofSources,
      when: z.literal("latency"),
      above: duration,
      percentile: z.number("wanted a number").gt(0).lte(100).default(95),
      window: duration.default(60_000),
    }),
    z.strictObject({
      ...common,
      ...ofSources,
      when: z.literal("drops"),
      above: share,
      window: duration.default(60_000),
    }),
    z.strictObject({ ...common, ...ofSources, when: z.literal("stale"), after: duration.default(30_000) }),
    z.strictObject({ ...common, when: z.literal("nodeGone") }),
    z.strictObject({ ...common, when: z.literal("diskLow"), below: bytes }),
    z.strictObject({ ...common, when: z.literal("auditFailed"), every: duration.default(3_600_000) }),
  ] as const;
  return z
    .array(
      z.discriminatedUnion(
        "when",
        forms,
        "wanted when: latency, drops, stale, nodeGone, diskLow or auditFailed",
      ),
      "wanted a list of rules",
    )
    .max(64, "wanted at most 64 rules")
    .superRefine((rules, ctx) => {
      const known = new Set<string>();
      for (const [index, rule] of rules.entries()) {
        if (known.has(rule.name)) {
          ctx.addIssue({
            code: "custom",
            message: `another rule is "${rule.name}", too`,
            path: [index, "name"],
          });
        }
        known.add(rule.name);
      }
    });
}

export type AlarmRule = z.output<ReturnType<typeof rulesForm>>[number];

/** @returns the form of a list of addresses that are told of alarms */
export function alarmHooksForm() {
  const hook = z.strictObject({
    url: text.refine((value) => {
      const url = URL.canParse(value) ? new URL(value) : null;
      return url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "";
    }, "wanted an address of http:// or https:// without user and password"),
    secret: secretForm.optional(),
  });
  return z.array(hook, "wanted a list of webhooks").max(8, "wanted at most 8 webhooks");
}

export type AlarmHook = z.output<ReturnType<typeof alarmHooksForm>>[number];
