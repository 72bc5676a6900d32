/** What a sink is told: as a configuration file says it. */

import { z } from "../runtime/parse.js";
import { NAME } from "../task/limits.js";
import { secretForm } from "./secret.js";
import { WINDOW } from "./sink.js";

/** How sizes and durations are typed is up to the file. */
export interface SinkUnits {
  readonly duration: z.ZodType<number>;
  readonly bytes: z.ZodType<number>;
}

const text = z.string("wanted a text").min(1, "wanted a text that is not empty");
const count = z.number("wanted a whole number").int("wanted a whole number").min(1, "wanted 1 or more");

const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/;
/** Of printable ASCII. */
export const HEADER_VALUE = /^[\x20-\x7e]{1,4000}$/;

/** An address of one of these kinds, without a password: that is in a file or the environment. */
const address = (...protocols: readonly string[]): z.ZodType<string> =>
  text.refine(
    (value) => {
      const url = URL.canParse(value) ? new URL(value) : null;
      return url !== null && protocols.includes(url.protocol) && url.username === "" && url.password === "";
    },
    `wanted an address of ${protocols.map((protocol) => `${protocol}//`).join(" or ")} without user and password, which have settings of their own`,
  );

/** @returns the form of a list of sinks */
export function sinksForm({ duration, bytes }: SinkUnits) {
  const common = {
    name: z.string("wanted a name").regex(NAME, "wanted letters, digits, -, _ and .: no more than 64"),
    sources: z.array(text, "wanted a list of names").optional(),
    records: z.array(z.enum(["result", "gap", "closed"])).default(["result", "gap", "closed"]),
    from: z.enum(["now", "beginning"], "wanted now or beginning").default("now"),
    batch: count.max(WINDOW, `wanted at most ${WINDOW}`).default(100),
    linger: duration.default(1_000),
  };
  const file = z.strictObject({
    ...common,
    type: z.literal("file"),
    path: text,
    rotate: bytes.default(64 * 2 ** 20),
    keep: count.max(1_000, "wanted at most 1000").default(8),
  });
  const webhook = z.strictObject({
    ...common,
    type: z.literal("webhook"),
    url: address("http:", "https:"),
    secret: secretForm.optional(),
    timeout: duration.default(10_000),
  });
  const mqtt = z.strictObject({
    ...common,
    type: z.literal("mqtt"),
    url: address("mqtt:", "mqtts:", "ws:", "wss:"),
    user: text.optional(),
    password: secretForm.optional(),
    profile: z.enum(["onvif-mj", "frigate/events"], "wanted onvif-mj or frigate/events"),
    prefix: z
      .string("wanted a topic")
      .regex(/^[^#+\0]{1,200}$/u, "wanted a topic without # and +")
      .optional(),
    timeout: duration.default(10_000),
  });
  const traces = z.strictObject({
    ...common,
    type: z.literal("traces"),
    url: address("http:", "https:"),
    records: z.array(z.enum(["result", "gap"])).default(["result", "gap"]),
    sample: z
      .number("wanted a share from 0 to 1")
      .min(0, "wanted 0 or more")
      .max(1, "wanted 1 or less")
      .default(0.05),
    slow: duration.default(1_000),
    headers: z
      .record(
        z.string().regex(HEADER_NAME, "wanted the name of a header"),
        z.union(
          [z.string().regex(HEADER_VALUE), secretForm],
          "wanted a text, or where a secret is: { file: PATH } or { env: NAME }",
        ),
      )
      .default({}),
    timeout: duration.default(10_000),
  });
  return z
    .array(
      z.discriminatedUnion(
        "type",
        [file, webhook, mqtt, traces],
        "wanted a type: file, webhook, mqtt or traces",
      ),
      "wanted a list of sinks",
    )
    .max(32, "wanted at most 32 sinks")
    .superRefine((sinks, ctx) => {
      const known = new Set<string>();
      for (const [index, { name }] of sinks.entries()) {
        if (known.has(name)) {
          ctx.addIssue({ code: "custom", message: `another sink is "${name}", too`, path: [index, "name"] });
        }
        known.add(name);
      }
    });
}

export type SinkSettings = z.output<ReturnType<typeof sinksForm>>[number];
