/** Sources as a configuration file names them. */

import { z } from "../../../src/runtime/parse.js";
import { LIVE_POLICIES } from "../../../src/task/requests.js";
import { nonEmpty, positiveBytes, positiveCount } from "./setting.js";
import { NAME, WINDOW_LIMITS } from "../../../src/task/limits.js";

const parameters = z.record(z.string(), z.unknown(), "wanted parameters by name");

const sourceForm = z.strictObject({
  id: z.string("wanted a name").regex(NAME, "wanted letters, digits, -, _ and .: no more than 64"),
  source: nonEmpty,
  pipeline: nonEmpty,
  on: nonEmpty.optional(),
  policy: z
    .preprocess(
      (value) => (typeof value === "string" ? { name: value } : value),
      z.strictObject({ name: nonEmpty, parameters: parameters.default({}) }),
    )
    .optional(),
  configuration: z.record(z.string(), z.unknown(), "wanted knobs by name").default({}),
  realtime: z.boolean("wanted true or false").default(false),
  limit: positiveCount.nullable().default(null),
  window: z
    .strictObject({
      tasks: positiveCount.max(WINDOW_LIMITS.tasksMax, `wanted at most ${WINDOW_LIMITS.tasksMax}`),
      bytes: positiveBytes.refine((bytes) => bytes <= WINDOW_LIMITS.bytesMax, "wanted at most 1GiB"),
    })
    .optional(),
  live: z.enum(LIVE_POLICIES, `wanted ${LIVE_POLICIES.join(" or ")}`).optional(),
});

export type SourceEntry = z.output<typeof sourceForm>;

export const sourcesForm = z.array(sourceForm, "wanted a list of sources").superRefine((sources, ctx) => {
  const known = new Set<string>();
  for (const [index, { id }] of sources.entries()) {
    if (known.has(id)) {
      ctx.addIssue({ code: "custom", message: `another source is "${id}", too`, path: [index, "id"] });
    }
    known.add(id);
  }
});
