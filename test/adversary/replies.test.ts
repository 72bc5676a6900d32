/** What a hostile node may answer to what it was asked. */

import * as assert from "uvu/assert";
import { parseWith } from "../../src/runtime/parse.js";
import { PIPELINE_FILE_LIMITS } from "../../src/task/limits.js";
import { CodedError } from "../../src/runtime/errors.js";
import { lie } from "../../src/simulation/hostile/lie.js";
import { createPrng } from "../../src/simulation/prng.js";
import { createProbe } from "../support/probe.js";
import { sourceFiles } from "../support/sources.js";
import { test } from "../support/test.js";
import { LEDGER, REPLY_SHAPES } from "./fuzz/replies.js";

const LIES = 200;
const NEVER = [Number.NaN, Infinity, -Infinity];
const LONG = "x".repeat(100_000);
/** Longer than any text of a reply; the text of a pipeline is a file. */
const longFor = (name: string): string =>
  name === "PIPELINE_REPLY" ? "x".repeat(PIPELINE_FILE_LIMITS.bytesMax + 1) : LONG;

/** `value` with each of its parts that `matches` replaced in turn. */
function* replaced(
  value: unknown,
  matches: (part: unknown) => boolean,
  by: (part: unknown) => unknown,
): Generator {
  if (matches(value)) yield by(value);
  if (typeof value !== "object" || value === null || value instanceof Error || "tell" in value) return;
  for (const [key, part] of Object.entries(value)) {
    for (const other of replaced(part, matches, by)) {
      if (!Array.isArray(value)) yield { ...value, [key]: other };
      else yield value.map((each: unknown, at) => (String(at) === key ? other : each));
    }
  }
}

test("of each reply that nodes give each other it is known what it looks like when it is true", () => {
  assert.equal(
    REPLY_SHAPES.filter(({ replies }) => replies.length === 0).map(({ name }) => name),
    [],
  );
  for (const { name, schema, replies } of REPLY_SHAPES) {
    for (const reply of replies) {
      const parsed = parseWith(schema, reply);
      assert.ok(parsed.ok, `${name}: ${parsed.ok ? "" : parsed.problem}`);
    }
  }
});

test("no reply is taken with a number that cannot be, or with a text without end", () => {
  for (const { name, schema, replies } of REPLY_SHAPES) {
    for (const reply of replies) {
      for (const number of NEVER) {
        for (const other of replaced(
          reply,
          (part) => typeof part === "number",
          () => number,
        ))
          assert.not(parseWith(schema, other).ok, `${name} with ${number}`);
      }
      for (const other of replaced(
        reply,
        (part) => typeof part === "string",
        () => longFor(name),
      ))
        assert.not(parseWith(schema, other).ok, `${name} with a text of ${longFor(name).length} characters`);
    }
  }
});

test("whatever a reply is in part, it is taken as it should be or not at all", () => {
  const prng = createPrng(1);
  for (const { schema, replies } of REPLY_SHAPES) {
    for (const reply of replies) {
      for (let n = 0; n < LIES; n += 1) {
        const parsed = parseWith(
          schema,
          lie(prng, reply, (address) => createProbe(address)),
        );
        if (parsed.ok) assert.ok(parseWith(schema, parsed.value).ok);
      }
    }
  }
});

test("what a node answers of itself costs no more to read than its bytes are worth: lists are bounded, and counted before they are read", () => {
  const shapes = REPLY_SHAPES.filter(({ from }) => from === "node");
  assert.ok(shapes.length >= 4);
  let lists = 0;
  for (const { name, schema, replies } of shapes) {
    for (const reply of replies) {
      for (const other of replaced(reply, Array.isArray, (part) => {
        lists += 1;
        return Array.from({ length: 30_000 }, () => (part as readonly unknown[])[0]);
      }))
        assert.not(parseWith(schema, other).ok, `${name} with a list of 30,000`);
    }
  }
  assert.ok(lists >= 3, `${lists} lists`);
  // A million of whatever a message holds most of.
  const accounts = Array.from({ length: 10_000 }, () => ({
    incarnation: 1,
    created: 100,
    outstanding: Array.from({ length: 100 }, (_, at) => at),
  }));
  const reply = { type: "sourcesReported", node: "edge-1", ledgers: [{ ...LEDGER, accounts }] };
  const schema = shapes.find(({ name }) => name === "SOURCES_REPORTED")?.schema;
  if (schema === undefined) throw new Error("There is no such reply");
  const whole = parseWith(schema, reply);
  assert.ok(whole.ok);
  // Read in one go: what was parsed is what was sent, and not a copy of each part of it.
  const { ledgers } = whole.value as typeof reply;
  assert.is(ledgers[0]?.accounts, accounts);
});

test("an error that a node answers with is kept as long as it is one that somebody reads", () => {
  const vast = new CodedError(LONG, {
    code: LONG,
    details: { deep: Array.from({ length: 10_000 }, () => LONG) },
    cause: new Error(LONG),
  });
  for (const { name, schema, replies } of REPLY_SHAPES.filter((shape) => shape.name === "AGENT_REPLY")) {
    const told = replies.find(({ error }) => error instanceof Error);
    assert.ok(parseWith(schema, told).ok, name);
    const parsed = parseWith(schema, { ...told, error: vast });
    if (!parsed.ok) throw new Error(parsed.problem);
    const { error } = parsed.value as { readonly error: CodedError<string> };
    assert.is(error.message.length, 4_096);
    assert.is(error.code.length, 64);
    assert.equal(error.details, {});
    assert.is(error.cause, undefined);
  }
});

/** Who asks an actor of another node and does not use `askNode`, and why that does no harm. */
const READS_OTHERWISE: ReadonlyMap<string, string> = new Map([
  ["src/actors/generator/synthetic-source.ts", "the scheduler of its own node"],
  ["src/actors/guard/ask-node.ts", "it reads the reply"],
  ["src/actors/monitor/monitor.ts", "the controller of its own node"],
  [
    "src/actors/scheduler/hosting/find-host.ts",
    "the distributor of its own node, and an agent by the form of its reply",
  ],
  ["src/actors/scheduler/hosting/host-news.ts", "whatever it answers is forgotten"],
  ["src/node/drain.ts", "the controller of its own node"],
  ["src/node/pictures/node-pictures.ts", "that there is an answer is all of it"],
  ["src/node/sources.ts", "generators of its own node"],
  ["src/operator/control.ts", "an observer of its own, and others by the forms of their replies"],
  ["src/operator/own-word.ts", "by the form of the reply"],
  ["src/transport/cluster/node-core.ts", "by the form of the reply"],
  ["src/web/page-asks.ts", "by the form of the reply, but for what this hub answers itself"],
]);

test("whoever asks an actor reads the reply by its form, or asks one of its own node", () => {
  const asking = sourceFiles("src")
    .filter(({ path, text }) => !path.startsWith("src/runtime/") && /(?:system|ctx)\.ask[<(]/.test(text))
    .map(({ path }) => path);
  assert.equal(asking.sort(), [...READS_OTHERWISE.keys()].sort());
});

test.run();
