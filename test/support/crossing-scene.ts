/**
 * A scene that is hard to track, with its truth: people walk across a square in both directions, at depths of their own, past each
 * other and behind pillars. A detector of the scene's own sees them as real ones do: it is less sure of who is half hidden and shows
 * only what is seen of them, misses some, and now and then takes a shadow for a person.
 */

import type { Detection } from "../../src/task/service.js";
import type { Box } from "../../src/services/vision/box.js";
import { seeded } from "./fold.js";
import type { Identified } from "./tracking-score.js";

export interface CrossingScene {
  /** Times in the source, in microseconds. */
  readonly ptsUs: readonly number[];
  /** Of each frame who is seen, at least in part. */
  readonly truth: readonly (readonly Identified[])[];
  /** Of each frame what the detector found. */
  readonly detections: readonly (readonly Detection[])[];
}

const FPS = 10;
const FRAMES = 200;
const WALKERS = 12;
const PILLARS: readonly Box[] = [0.3, 0.7].map((x) => ({ x, y: 0, width: 0.04, height: 1 }));
/** Below it nobody could say that somebody is there. */
const VISIBLE_MIN = 0.25;

interface Walker {
  readonly id: string;
  /** Nearer ones hide those behind: the share of the frame that they are high. */
  readonly height: number;
  readonly startX: number;
  /** Shares of the frame a second. */
  readonly speed: number;
  readonly fromS: number;
}

export function crossingScene(seed: number): CrossingScene {
  const random = seeded(seed);
  const walkers = Array.from({ length: WALKERS }, (_, index): Walker => {
    const right = random() < 0.5;
    return {
      id: `walker-${index + 1}`,
      height: 0.25 + random() * 0.2,
      startX: right ? -0.1 : 1,
      speed: (right ? 1 : -1) * (0.08 + random() * 0.12),
      fromS: random() * 12,
    };
  }).sort((a, b) => b.height - a.height);
  const ptsUs = Array.from({ length: FRAMES }, (_, frame) => Math.round((frame * 1e6) / FPS));
  const seen = ptsUs.map((us) => seenAt(walkers, us / 1e6));
  return {
    ptsUs,
    truth: seen.map((all) => all.map(({ id, box }) => ({ id, ...box }))),
    detections: seen.map((all) => [...all.flatMap((one) => detected(one, random)), ...shadow(random)]),
  };
}

interface Seen {
  readonly id: string;
  readonly box: Box;
  /** What shows of it: the widest strip that nothing hides. */
  readonly strip: Box;
  readonly visible: number;
}

/** @param walkers nearest first */
function seenAt(walkers: readonly Walker[], seconds: number): readonly Seen[] {
  const before: Box[] = [...PILLARS];
  return walkers.flatMap(({ id, height, startX, speed, fromS }) => {
    const left = startX + speed * (seconds - fromS);
    const from = Math.max(0, left);
    const width = Math.min(1, left + height * 0.3) - from;
    if (seconds < fromS || width < 0.02) return [];
    const box: Box = { x: from, y: 0.85 - height, width, height };
    const strip = widestStrip(box, before);
    before.push(box);
    const visible = strip.width / box.width;
    return visible < VISIBLE_MIN ? [] : [{ id, box, strip, visible }];
  });
}

/** People stand on one ground, so that whoever is nearer is taller and hides all of the height. */
function widestStrip(box: Box, hiding: readonly Box[]): Box {
  const ends = [box.x, box.x + box.width];
  const edges = hiding.flatMap(({ x, width }) => [x, x + width]);
  const cuts = [...ends, ...edges.filter((x) => x > box.x && x < box.x + box.width)].sort((a, b) => a - b);
  let widest = { x: box.x, width: 0 };
  let start: number | null = null;
  for (const [index, x] of cuts.entries()) {
    const next = cuts[index + 1] ?? x;
    const middle = (x + next) / 2;
    const hidden = next === x || hiding.some((other) => middle > other.x && middle < other.x + other.width);
    if (hidden) start = null;
    else {
      start ??= x;
      if (next - start > widest.width) widest = { x: start, width: next - start };
    }
  }
  return { ...box, ...widest };
}

function detected({ strip, visible }: Seen, random: () => number): readonly Detection[] {
  if (random() < 0.02 + 0.3 * (1 - visible)) return [];
  const shake = () => (random() - 0.5) * 0.06;
  const score = Math.min(0.95, Math.max(0.12, 0.85 * visible + 0.08 + (random() - 0.5) * 0.2));
  return [
    {
      x: strip.x + shake() * strip.width,
      y: strip.y + shake() * strip.height,
      width: strip.width * (1 + shake()),
      height: strip.height * (1 + shake()),
      score,
      label: "person",
    },
  ];
}

/** A box where nobody is, in one frame of three: scores of what is not there are low, and rarely high. */
function shadow(random: () => number): readonly Detection[] {
  if (random() >= 1 / 3) return [];
  const height = 0.2 + random() * 0.2;
  const score = 0.12 + 0.5 * random() ** 2;
  return [{ x: random() * 0.9, y: 0.85 - height, width: height * 0.3, height, score, label: "person" }];
}
