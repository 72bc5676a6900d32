/**
 * The newest dead letters of a node, as text for people: for somebody who looks after it has happened.
 *
 * KL1 Of many at a time so many are kept; how many there were is counted by `DeadLetters`.
 * KL2 A message is kept as a short text, so that it is let go of, and without what is secret: no address that can be guessed from
 *     it, no address of a video, nothing in a field that is named like a secret.
 */

import { isActorRef } from "./actor-ref.js";
import { withoutSecrets } from "./actor-figures.js";
import type { Clock } from "./clock.js";
import type { DeadLetters } from "./dead-letters.js";
import { RateLimit } from "./rate-limit.js";

/** A message that was not handled, for people. */
export interface KeptLetter {
  /** By the clock of its node. */
  readonly atMs: number;
  /** Address that it was sent to. */
  readonly target: string;
  readonly reason: string;
  /** The message, shortened. */
  readonly text: string;
}

export const KEPT_LETTERS_MAX = 200;
export const LETTER_TEXT_MAX = 400;
/** Writing them down must cost a node that is flooded nothing. */
const PACE = { perSecond: 20, burst: 100 };

const DEPTH_MAX = 2;
const FIELDS_MAX = 12;
const TEXT_MAX = 60;
const SECRET = /token|secret|password|key|proof|credential|authorization|cookie/i;

export interface KeptLetters {
  /** Newest first. */
  newest(): readonly KeptLetter[];
}

/** Keeps those that come from now on. */
export function keepLetters(letters: DeadLetters, clock: Clock): KeptLetters {
  const kept: KeptLetter[] = [];
  const pace = new RateLimit(PACE, clock.monotonic());
  letters.subscribe(({ target, message, reason }) => {
    if (!pace.take(clock.monotonic())) return;
    kept.push({ atMs: clock.now(), target: withoutSecrets(target), reason, text: letterText(message) });
    if (kept.length > KEPT_LETTERS_MAX) kept.shift();
  });
  return { newest: () => kept.toReversed() };
}

/** A message in a line. */
export function letterText(message: unknown): string {
  try {
    return shorten(textOf(message, 0), LETTER_TEXT_MAX);
  } catch {
    // Of an object of a program's own, which may do anything when it is read.
    return "cannot be read";
  }
}

function textOf(value: unknown, depth: number): string {
  if (typeof value === "string") return JSON.stringify(shorten(withoutPlace(value), TEXT_MAX));
  if (typeof value !== "object" || value === null) return shorten(String(value), TEXT_MAX);
  if (isActorRef(value)) return withoutSecrets(value.address);
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  if (value instanceof Error) return `error ${textOf(value.message, depth)}`;
  if (value instanceof Map || value instanceof Set) return `${value.size} entries`;
  if (depth >= DEPTH_MAX) return Array.isArray(value) ? "[…]" : "{…}";
  return Array.isArray(value) ? listText(value, depth) : objectText(value, depth);
}

function listText(items: readonly unknown[], depth: number): string {
  const shown = items.slice(0, FIELDS_MAX).map((item) => textOf(item, depth + 1));
  return `[${[...shown, ...(items.length > FIELDS_MAX ? [`… ${items.length} in all`] : [])].join(", ")}]`;
}

function objectText(value: object, depth: number): string {
  const shown: string[] = [];
  for (const name in value) {
    if (shown.length === FIELDS_MAX) {
      shown.push("…");
      break;
    }
    const field: unknown = Reflect.get(value, name);
    shown.push(`${shorten(name, TEXT_MAX)}: ${SECRET.test(name) ? "…" : textOf(field, depth + 1)}`);
  }
  return `{${shown.join(", ")}}`;
}

/** Cameras take passwords before the host and in the path: of an address its scheme is told. */
function withoutPlace(text: string): string {
  return text.startsWith("sluice://") ? withoutSecrets(text) : text.replace(/([a-z]+:\/\/)\S+/gi, "$1…");
}

function shorten(text: string, lengthMax: number): string {
  return text.length <= lengthMax ? text : `${text.slice(0, lengthMax - 1)}…`;
}
