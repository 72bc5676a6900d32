/**
 * Messages into bytes and back, and the parts of that which ours has met before. What it takes others to bring a message into
 * values that they know, refs as their address and Maps as entries, is not measured; the base64 of JSON is.
 */

import { strict as assert } from "node:assert";
import type { ByteWriter } from "../../../src/transport/codec/byte-writer.js";
import type { BenchCase, CaseName, OpenSubject, Subject } from "../../harness/case.js";
import { CODECS, comparable, MESSAGES, reader, writer, type Codec } from "./codecs.js";
import { OURS } from "./systems.js";

const WHAT: Readonly<Record<string, string>> = {
  small: "a small tell with a ref",
  header: "the header of a task with two results and two hops",
  frame: "the same task with a frame of 691,200 bytes (640x360 RGB)",
};
const EXCLUDES = "sockets, addressing, queues";
/** Calls between two looks at the clock. */
const BATCH = 20;

/** As many calls as fit. */
function calling(work: () => unknown): OpenSubject {
  return {
    run(round) {
      const startedMs = performance.now();
      let calls = 0;
      let kept: unknown;
      for (; !round.over; calls += BATCH) for (let call = 0; call < BATCH; call += 1) kept = work();
      round.did(calls, performance.now() - startedMs);
      if (kept === undefined) throw new Error("It came to nothing");
      return Promise.resolve();
    },
    close() {},
  };
}

const amounting = (amount: number): OpenSubject => ({
  run: (round) => Promise.resolve(round.amounts(amount)),
  close() {},
});

/** A subject for each codec, opened with the message in its words and what it has made of that, which reads as it was. */
function subjects(
  message: unknown,
  open: (codec: Codec, adapted: unknown, made: ReturnType<Codec["encode"]>) => OpenSubject,
): BenchCase["subjects"] {
  const [first, ...others] = Object.entries(CODECS).map(([name, codec]): Subject => ({
    name,
    open() {
      const adapted = codec.adapt(message);
      const made = codec.encode(adapted);
      assert.deepEqual(comparable(codec.decode(made.encoded)), comparable(adapted));
      return Promise.resolve(open(codec, adapted, made));
    },
  }));
  assert.ok(first !== undefined);
  return [first, ...others];
}

const messageCases = Object.entries(MESSAGES).flatMap(([name, message]): readonly BenchCase[] => [
  {
    name: `micro/encode-${name}`,
    kind: "rate",
    operation: "messages",
    measures: `Bytes made of ${WHAT[name] ?? name}.`,
    excludes: EXCLUDES,
    subjects: subjects(message, ({ encode }, adapted) => calling(() => encode(adapted))),
  },
  {
    name: `micro/decode-${name}`,
    kind: "rate",
    operation: "messages",
    measures: `The bytes of ${WHAT[name] ?? name} read.`,
    excludes: EXCLUDES,
    subjects: subjects(message, ({ decode }, _, { encoded }) => calling(() => decode(encoded))),
  },
  {
    name: `micro/bytes-${name}`,
    kind: "amount",
    operation: "bytes",
    measures: `How many bytes ${WHAT[name] ?? name} becomes.`,
    excludes: "the records of a link around them",
    subjects: subjects(message, (_codec, _adapted, { bytes }) => amounting(bytes)),
  },
]);

const KEYS = ["type", "sequence", "outcome", "replyTo"];
const ADDRESS = "sluice://edge-1/sources/cam-1#17";

interface Part {
  readonly what: string;
  readonly write: () => void;
  readonly read: () => unknown;
}

const INTEGER: Part = { what: "an integer", write: () => writer.u8(1), read: () => reader.u8() };
const PARTS: Readonly<Record<string, Part>> = {
  "text-7": { what: "a text of 7", write: () => writer.text("settled"), read: () => reader.text() },
  "text-32": { what: "a text of 32", write: () => writer.text(ADDRESS), read: () => reader.text() },
  "address-32": { what: "an address of 32", write: () => writer.address(ADDRESS), read: () => reader.text() },
  keys: { what: "4 keys of 28", write: () => writer.keys(KEYS), read: () => reader.keys(KEYS.length) },
};

function recordOf({ write }: Part): ReturnType<ByteWriter["finish"]> {
  writer.begin();
  write();
  return writer.finish();
}

function reading(part: Part): () => unknown {
  const { buffer, start, end } = recordOf(part);
  const again = (): unknown => {
    reader.reset(buffer, start, end);
    return part.read();
  };
  assert.ok(again() !== undefined && reader.remaining === 0);
  return again;
}

const partCases = Object.entries(PARTS).flatMap(([name, part]): readonly BenchCase[] => {
  const ways = {
    write: (of: Part) => () => recordOf(of),
    read: reading,
  } as const;
  return Object.entries(ways).map(([way, workOf]) => {
    const subject = (title: string, of: Part): Subject => ({
      name: title,
      open: () => Promise.resolve(calling(workOf(of))),
    });
    return {
      name: `micro/${way}-${name}` satisfies CaseName,
      kind: "rate",
      operation: "records",
      measures: `A record with ${part.what} that was met before, ${way === "write" ? "written" : "read"}.`,
      excludes: EXCLUDES,
      subjects: [subject(`${OURS}, ${part.what}`, part), subject(INTEGER.what, INTEGER)],
    };
  });
});

export const codecCases: readonly BenchCase[] = [...messageCases, ...partCases];
