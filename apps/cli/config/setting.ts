/**
 * What one line of a hub's configuration file may say: its form, its default as it is typed, and what it means.
 *
 * A file's form, its defaults in print and its documentation are made of the same settings, so that they cannot disagree.
 */

import { isAbsolute, resolve } from "node:path";
import { z } from "../../../src/runtime/parse.js";
import { parseBytes, parseDuration } from "../units.js";

/** One setting. */
export interface Setting<Value> {
  readonly form: z.ZodType<Value>;
  /** As it is typed; null where it has none. */
  readonly shown: string | null;
  /** Of a setting without a default: what one may type, over several lines where it is a list. */
  readonly example: string | null;
  /** For people, with its unit. */
  readonly what: string;
  /** Whether a hub that runs takes a change over. */
  readonly live: boolean;
}

/** Settings under one name. */
export interface Section<Settings extends Entries = Entries> {
  readonly settings: Settings;
  readonly what: string;
}

/** Settings and sections, by name, in the order in which they are printed. */
export interface Entries {
  readonly [name: string]: Setting<unknown> | Section;
}

/** What a file with these entries says; what it does not say is absent. */
export type ValuesOf<Given extends Entries> = {
  readonly [Name in keyof Given]?:
    | (Given[Name] extends Section<infer Within>
        ? ValuesOf<Within>
        : Given[Name] extends Setting<infer Value>
          ? Value
          : never)
    | undefined;
};

export function isSection(entry: Setting<unknown> | Section): entry is Section {
  return "settings" in entry;
}

export function section<Settings extends Entries>(what: string, settings: Settings): Section<Settings> {
  return { what, settings };
}

/** A setting that a running hub takes over. */
export function live<Value>(taken: Setting<Value>): Setting<Value> {
  return { ...taken, live: true };
}

/** A setting of any form. @param shown its default as it is typed, or an example of one that has none */
export function setting<Value>(
  form: z.ZodType<Value>,
  shown: { readonly fallback: string } | { readonly example: string },
  what: string,
): Setting<Value> {
  const fallback = "fallback" in shown ? shown.fallback : null;
  return { form, shown: fallback, example: "example" in shown ? shown.example : null, what, live: false };
}

/** In ms. */
export const durationForm = z
  .string("wanted a duration like 500ms, 90s, 15m, 24h or 30d")
  .transform((text, ctx): number => {
    const ms = parseDuration(text);
    if (ms !== null) return ms;
    ctx.addIssue({
      code: "custom",
      message: `wanted a duration like 500ms, 90s, 15m, 24h or 30d: got ${JSON.stringify(text)}`,
    });
    return z.NEVER;
  });

const bytesForm = z.string("wanted a size like 512KiB, 64MiB or 10GiB").transform((text, ctx): number => {
  const size = parseBytes(text);
  if (size !== null) return size;
  ctx.addIssue({
    code: "custom",
    message: `wanted a size like 512KiB, 64MiB or 10GiB: got ${JSON.stringify(text)}`,
  });
  return z.NEVER;
});

/** A duration above 0, in ms. */
export const positiveDuration = durationForm.refine((ms) => ms > 0, "wanted more than nothing");
/** A size above 0, in bytes. */
export const positiveBytes = bytesForm.refine((size) => size > 0, "wanted more than nothing");
export const positiveCount = z
  .number("wanted a whole number above 0")
  .int("wanted a whole number")
  .min(1, "wanted 1 or more");
export const nonEmpty = z.string("wanted a text").min(1, "wanted a text that is not empty");

/** Given in ms, read in ms. */
export function duration(fallbackMs: number, what: string): Setting<number> {
  return setting(durationForm, { fallback: durationText(fallbackMs) }, what);
}

/** Given in bytes, read in bytes. */
export function bytes(fallback: number, what: string): Setting<number> {
  return setting(positiveBytes, { fallback: bytesText(fallback) }, what);
}

export function count(fallback: number, what: string): Setting<number> {
  return setting(positiveCount, { fallback: String(fallback) }, what);
}

/** `90s` and no `1.5m`: what `parseDuration` reads as the same. */
function durationText(ms: number): string {
  const units = [
    ["d", 86_400_000],
    ["h", 3_600_000],
    ["m", 60_000],
    ["s", 1_000],
  ] as const;
  const [unit, size] = units.find(([, each]) => ms >= each && ms % each === 0) ?? ["ms", 1];
  return `${ms / size}${unit}`;
}

/** `64MiB`: what `parseBytes` reads as the same. */
function bytesText(size: number): string {
  const units = [
    ["TiB", 2 ** 40],
    ["GiB", 2 ** 30],
    ["MiB", 2 ** 20],
    ["KiB", 2 ** 10],
  ] as const;
  const [unit, each] = units.find(([, one]) => size >= one && size % one === 0) ?? ["B", 1];
  return `${size / each}${unit}`;
}

/** A path as it is typed in a file in `folder`: from there. */
export function fromFolder(folder: string, path: string): string {
  return path === "memory:" || isAbsolute(path) ? path : resolve(folder, path);
}
