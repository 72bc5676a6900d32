/**
 * Records that prng has made, at the handshake and behind it: 200,000 from one seed.
 *
 * Nothing may throw out of what takes them, no component may fail, and whoever belongs here goes on.
 */

import {
  createActorSystem,
  createMemoryNetwork,
  createMemoryTokens,
  silentLogger,
  startHub,
  type Carrier,
  type Executor,
} from "../../../src/index.js";
import { createPrng, type Prng } from "../../../src/simulation/prng.js";
import { DialerHandshake } from "../../../src/transport/link/dialer-handshake.js";
import { RECORD } from "../../../src/transport/link/records.js";
import { within } from "../../support/within.js";
import { must, type LoneAttack } from "../kit/attack.js";
import { hello } from "../kit/stranger.js";
import { record } from "../kit/wire.js";
import { fuzzMessages } from "./messages.js";

const HANDSHAKE_FRAMES = 18_000;
const LINK_RECORDS = 2_000;
const EDGE_MESSAGES = 120_000;
const OPERATOR_MESSAGES = 60_000;
/** They send together. */
export const FUZZED_RECORDS = HANDSHAKE_FRAMES + LINK_RECORDS + EDGE_MESSAGES + OPERATOR_MESSAGES;

export const FUZZ_ATTACKS = 4;

const executor: Executor = { soon: (run) => void setImmediate(run), later: (run) => void setImmediate(run) };

export function fuzzAttacks(seed: number): readonly LoneAttack[] {
  const attack = (
    id: string,
    who: LoneAttack["who"],
    what: string,
    play: (prng: Prng) => Promise<void>,
  ): LoneAttack => ({
    id,
    who,
    what,
    expected: "survived",
    against: "program",
    play: () => play(createPrng(seed)),
  });
  return [
    attack(
      "stranger.fuzz-handshake",
      "stranger",
      "a stranger sends 18,000 frames of prng in place of a handshake",
      (prng) => withMemoryHub((carrier) => fuzzHandshake(prng, carrier)),
    ),
    attack("edge.fuzz-link", "edge", "an edge sends 2,000 records of prng behind its handshake", (prng) =>
      withMemoryHub((carrier, token) => fuzzLink(prng, carrier, token)),
    ),
    attack("edge.fuzz-messages", "edge", "an edge sends 120,000 messages of prng", (prng) =>
      fuzzMessages(prng, "edge", EDGE_MESSAGES),
    ),
    attack("operator.fuzz-messages", "operator", "an operator sends 60,000 messages of prng", (prng) =>
      fuzzMessages(prng, "operator", OPERATOR_MESSAGES),
    ),
  ];
}

// ── At the handshake ────────────────────────────────────────────────────────────────────────────────────────────────

/** A hub without components, in this process: what is let in there is told to nobody. */
async function withMemoryHub(work: (carrier: Carrier, token: string) => Promise<void>): Promise<void> {
  const system = createActorSystem({ name: "cloud", log: silentLogger });
  const carrier = createMemoryNetwork({ executor });
  const tokens = createMemoryTokens();
  const token = tokens.create({ roles: ["edge"], grants: [], expiresAtMs: Number.POSITIVE_INFINITY });
  const cluster = await startHub(system, {
    carrier,
    listen: { url: "memory://hub" },
    authority: tokens,
    acceptor: { failures: { perSecond: 1e9, burst: 1e9 } },
  });
  try {
    await work(carrier, token);
    // It still takes in whoever belongs here.
    const member = await joinAt(carrier, token, "honest");
    must(cluster.members.has("honest" as never), "nobody is taken in any more");
    member.destroy();
    must(system.deadLetters.countByReason.failed === 0, "an actor failed");
  } finally {
    await cluster.leave();
    await system.terminate();
  }
}

async function fuzzHandshake(prng: Prng, carrier: Carrier): Promise<void> {
  for (let sent = 0; sent < HANDSHAKE_FRAMES;) {
    const channel = await carrier.connect({ url: "memory://hub" });
    const frames = Math.min(prng.between(1, 3), HANDSHAKE_FRAMES - sent);
    sent += frames;
    await within(
      10_000,
      new Promise<void>((resolve) => {
        let left = frames;
        const next = (): void => {
          left -= 1;
          if (left >= 0) channel.send(strangeFrame(prng, left === frames - 1));
          else channel.destroy();
        };
        channel.start({
          onFrame: () => next(),
          onClose: () => resolve(),
        });
        next();
      }),
      "the end of a handshake",
    );
  }
}

function strangeFrame(prng: Prng, first: boolean): Uint8Array {
  const whole = first ? hello({ token: "abcdefghij" }) : { type: "proof", proof: "x".repeat(43) };
  const text = JSON.stringify(prng.happens(0.7) ? changedJson(prng, whole) : whole);
  const bytes = Buffer.from(text);
  if (prng.happens(0.3)) return damaged(prng, bytes);
  return bytes;
}

function changedJson(
  prng: Prng,
  value: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const key = prng.pick(Object.keys(value));
  return {
    ...value,
    [key]: prng.pick<unknown>([
      null,
      -1,
      1e300,
      "",
      "__proto__",
      "x".repeat(5_000),
      [],
      {},
      [[[[]]]],
      true,
      ["edge", "cloud"],
      "ws://127.0.0.1:1",
      "\u001b[2J",
    ]),
  };
}

/** Some bytes changed, cut off, or put in. */
function damaged(prng: Prng, bytes: Uint8Array): Uint8Array {
  const copy = Buffer.from(bytes);
  for (let n = prng.between(1, 4); n > 0 && copy.length > 0; n -= 1) {
    copy[prng.between(0, copy.length - 1)] = prng.between(0, 255);
  }
  if (prng.happens(0.3)) return copy.subarray(0, prng.between(0, copy.length));
  if (prng.happens(0.2)) return Buffer.concat([copy, copy]);
  return copy;
}

// ── Behind it ───────────────────────────────────────────────────────────────────────────────────────────────────────

interface Joined {
  send(frame: Uint8Array): void;
  destroy(): void;
  readonly closed: boolean;
}

let joined = 0;

async function joinAt(carrier: Carrier, token: string, name = `fuzz-${(joined += 1)}`): Promise<Joined> {
  const channel = await carrier.connect({ url: "memory://hub" });
  const handshake = new DialerHandshake({
    identity: { cluster: null, name, roles: ["edge"], url: null, version: "", pid: 0 },
    token,
    nonce: () => "fuzzing-nonce-of-24-bytes",
  });
  let closed = false;
  await within(
    10_000,
    new Promise<void>((resolve, reject) => {
      let open = true;
      channel.start({
        onFrame(frame) {
          if (!open) return;
          const step = handshake.receive(frame);
          if (step.type === "send") {
            channel.send(step.frame);
            return;
          }
          open = false;
          if (step.type === "failed") reject(step.error);
          // The hub makes it a member in the same turn as it says so.
          else resolve();
        },
        onClose: () => (closed = true),
      });
      channel.send(handshake.start());
    }),
    "a member to be taken in",
  );
  return {
    send: (frame) => channel.send(frame),
    destroy: () => channel.destroy(),
    get closed() {
      return closed;
    },
  };
}

async function fuzzLink(prng: Prng, carrier: Carrier, token: string): Promise<void> {
  let member = await joinAt(carrier, token);
  for (let sent = 0; sent < LINK_RECORDS; sent += 1) {
    if (member.closed) member = await joinAt(carrier, token);
    member.send(strangeRecord(prng));
    // It is read before the next one is sent: what comes behind one that ends the link is not read.
    await new Promise((resolve) => void setImmediate(resolve));
    await new Promise((resolve) => void setImmediate(resolve));
  }
  member.destroy();
}

function strangeRecord(prng: Prng): Uint8Array {
  const type = prng.pick([...Object.values(RECORD), prng.between(0, 255)]);
  const bytes = record(type, (writer) => {
    for (let n = prng.between(0, 12); n > 0; n -= 1) {
      prng.pick([
        () => writer.u8(prng.between(0, 255)),
        () => writer.u32(prng.between(0, 2 ** 32 - 1)),
        () => writer.varint(prng.pick([0, 1, 127, 2 ** 20, 2 ** 40, 2 ** 53 - 1])),
        () => writer.f64(prng.pick([0, -1, 1e300, Number.NaN, Date.now()])),
        () => writer.text(prng.pick(["", "/controller", "\u0000", "x".repeat(100)])),
      ])();
    }
  });
  return prng.happens(0.3) ? damaged(prng, bytes) : bytes;
}
