/** The knobs of a configuration as ladders, from the value that asks least of the cluster to the one that asks most. */

import { assertNever } from "../../runtime/errors.js";
import { sameConfiguration, type Configuration } from "../../task/configuration.js";
import type { SourceDescription } from "../../task/requests.js";

/** Knobs whose higher values show more and cost more. `framesPerTask` is none: what it costs and gains depends. */
export const KNOBS = ["resolution", "fps", "quality", "encoding", "variants"] as const;
export type Knob = (typeof KNOBS)[number];

type Asking = Pick<SourceDescription, "configuration" | "space">;
type Change = Partial<Configuration>;

/** What follows from what is asked alone, worked out once: a policy looks at it again and again, and in every round. */
interface Worked {
  readonly values: Map<Knob, readonly Change[]>;
  /** Every knob at its highest. */
  best: Configuration | null;
  ladder: readonly Rung[] | null;
}

const workedOut = new WeakMap<Asking, Worked>();
/** By what is asked, as text, oldest first: on the thread of policies a source is another object in each round. */
const byText = new Map<string, Worked>();
/** Sources mostly ask the same as some others. */
const TEXTS_MAX = 512;

function workedOf(asking: Asking): Worked {
  let worked = workedOut.get(asking);
  if (worked === undefined) workedOut.set(asking, (worked = workedByText(asking)));
  return worked;
}

function workedByText({ configuration, space }: Asking): Worked {
  const text = JSON.stringify([configuration, space]);
  let worked = byText.get(text);
  if (worked !== undefined) return worked;
  byText.set(text, (worked = { values: new Map(), best: null, ladder: null }));
  const [oldest] = byText.keys();
  if (byText.size > TEXTS_MAX && oldest !== undefined) byText.delete(oldest);
  return worked;
}

function valuesOf(knob: Knob, asking: Asking): readonly Change[] {
  const { values } = workedOf(asking);
  let known = values.get(knob);
  if (known === undefined) values.set(knob, (known = listValues(knob, asking)));
  return known;
}

/** The values of a knob: those of the space, and the one that was asked for. */
function listValues(knob: Knob, { configuration: asked, space }: Asking): readonly Change[] {
  switch (knob) {
    case "resolution": {
      const sizes = [...(space?.resolutions ?? []), { width: asked.width, height: asked.height }];
      const unique = new Map(sizes.map((size) => [`${size.width}x${size.height}`, size]));
      return [...unique.values()].sort((a, b) => a.width * a.height - b.width * b.height);
    }
    case "fps":
      return ascending([...(space?.fps ?? []), asked.fps]).map((fps) => ({ fps }));
    case "quality":
      // Of raw frames there is none.
      return ascending([...(space?.qualities ?? []), asked.quality]).map((quality) => ({ quality }));
    case "encoding": {
      const allowed = new Set([...(space?.encodings ?? []), asked.encoding]);
      return (["jpeg", "rgb"] as const).filter((name) => allowed.has(name)).map((encoding) => ({ encoding }));
    }
    case "variants":
      return variantSteps(asked, space);
    default:
      return assertNever(knob);
  }
}

/** From the least variant of every stage to the most, one stage a step. */
function variantSteps({ variants: asked = {} }: Configuration, space: Asking["space"]): readonly Change[] {
  const ladders = Object.entries(space?.variants ?? {}).map(([stage, allowed]) => {
    const own = asked[stage];
    return [stage, own === undefined || allowed.includes(own) ? allowed : [...allowed, own]] as const;
  });
  const variants: Record<string, string> = {};
  for (const [stage, [least]] of ladders) if (least !== undefined) variants[stage] = least;
  const steps = [{ variants: { ...variants } }];
  const longest = Math.max(0, ...ladders.map(([, names]) => names.length));
  for (let level = 1; level < longest; level++) {
    for (const [stage, names] of ladders) {
      const name = names[level];
      if (name === undefined) continue;
      variants[stage] = name;
      steps.push({ variants: { ...variants } });
    }
  }
  return ladders.length === 0 ? [{}] : steps;
}

/** Variants of stages that the change does not name stay. */
function changed(configuration: Configuration, change: Change): Configuration {
  const { variants } = change;
  if (variants === undefined) return { ...configuration, ...change };
  return { ...configuration, ...change, variants: { ...configuration.variants, ...variants } };
}

function ascending(values: readonly number[]): readonly number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}

/** How high a configuration stands on the ladder of a knob, and how high it could. */
export function levelOf(
  knob: Knob,
  configuration: Configuration,
  asking: Asking,
): { readonly at: number; readonly top: number } {
  const values = valuesOf(knob, asking);
  const at = values.findIndex((change) => sameConfiguration(changed(configuration, change), configuration));
  return { at: at < 0 ? values.length - 1 : at, top: values.length - 1 };
}

/** The configuration with one knob at another level, which is kept between the ends of its ladder. */
export function withLevel(
  knob: Knob,
  level: number,
  configuration: Configuration,
  asking: Asking,
): Configuration {
  const values = valuesOf(knob, asking);
  const change = values[Math.min(values.length - 1, Math.max(0, Math.floor(level)))];
  return change === undefined ? configuration : changed(configuration, change);
}

/** Share of what the best configuration of the space shows, above 0 to 1: pixels a second, and a part for lost quality and lesser models. */
export function detailOf(configuration: Configuration, asking: Asking): number {
  const best = bestOf(asking);
  const pixels = (configuration.width * configuration.height) / (best.width * best.height);
  const quality = configuration.encoding === "rgb" ? 1 : 0.75 + 0.25 * (configuration.quality / 100);
  // What a detector finds grows with the side of its image rather than with its area, and least with the rate.
  return (
    Math.sqrt(pixels) * Math.cbrt(configuration.fps / best.fps) * quality * modelShare(configuration, asking)
  );
}

function bestOf(asking: Asking): Configuration {
  const worked = workedOf(asking);
  worked.best ??= KNOBS.reduce((top, knob) => withLevel(knob, Infinity, top, asking), asking.configuration);
  return worked.best;
}

/** What the models of a configuration find, as a share of what the greatest of their variants do; about, as no model was measured. */
export function modelShare(configuration: Configuration, asking: Asking): number {
  const { at, top } = levelOf("variants", configuration, asking);
  return top === 0 ? 1 : 0.75 + 0.25 * (at / top);
}

/** Rungs of a ladder over all knobs; a search tries a few of them. */
const RUNGS_MAX = 12;
/** Of all combinations that are looked at. */
const COMBINATIONS_MAX = 4_096;

export interface Rung {
  readonly configuration: Configuration;
  /** @see detailOf */
  readonly detail: number;
}

/** Configurations of which each shows more than any that makes as few bytes, from least to most; the one asked for is among them. */
export function ladderOf(asking: Asking): readonly Rung[] {
  const worked = workedOf(asking);
  worked.ladder ??= workOutLadder(asking);
  return worked.ladder;
}

function workOutLadder(asking: Asking): readonly Rung[] {
  const asked = asking.configuration;
  let all: readonly Configuration[] = [asked];
  for (const knob of KNOBS) {
    const values = valuesOf(knob, asking);
    if (all.length * values.length > COMBINATIONS_MAX) continue;
    all = all.flatMap((configuration) => values.map((change) => changed(configuration, change)));
  }
  const rated = all.map((configuration) => ({
    configuration,
    bytes: bytesOf(configuration),
    detail: detailOf(configuration, asking),
  }));
  rated.sort((a, b) => a.bytes - b.bytes || b.detail - a.detail);
  let detail = -1;
  const front = rated.filter((rung) => {
    const isAsked = sameConfiguration(rung.configuration, asked);
    if (rung.detail <= detail && !isAsked) return false;
    detail = Math.max(detail, rung.detail);
    return true;
  });
  return thinned(front, asked);
}

function thinned<Some extends Rung>(front: readonly Some[], asked: Configuration): readonly Some[] {
  if (front.length <= RUNGS_MAX) return front;
  const step = (front.length - 1) / (RUNGS_MAX - 1);
  const kept = new Set(Array.from({ length: RUNGS_MAX }, (_, index) => Math.round(index * step)));
  return front.filter(
    ({ configuration }, index) => kept.has(index) || sameConfiguration(configuration, asked),
  );
}

/** About what a second of it makes; only compared. An image is about a twentieth of its pixels at quality 80, and grows with it. */
function bytesOf({ width, height, fps, encoding, quality }: Configuration): number {
  const perPixel = encoding === "rgb" ? 3 : 0.03 + 0.0008 * quality;
  return width * height * fps * perPixel;
}
