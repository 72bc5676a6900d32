/** Which frames of a source are kept where little happens in front of it: a knob of a configuration. */

import { z } from "../runtime/parse.js";

/** A part of the picture, in shares of its width and height from its top left corner, each 0 to 1. */
export interface Region {
  readonly x: number;
  readonly y: number;
  /** Above 0; with `x` at most 1. */
  readonly width: number;
  /** Above 0; with `y` at most 1. */
  readonly height: number;
}

/**
 * A task is made of frames in which something moves, and of those around them. What moves is what is otherwise than in the last
 * frame that was kept, by a picture of 64 x 36 cells of grey.
 */
export interface MotionGate {
  /** By how much a cell must be lighter or darker to have changed: levels of grey, 1 to 255. Default 12. */
  readonly contrast: number;
  /** Share of the cells looked at that must have changed, above 0 to 1; half as much keeps a gate open. Default 0.002. */
  readonly share: number;
  /** How long frames are kept after the last motion, in ms of the source, 0 to 3,600,000. Default 2,000. */
  readonly holdMs: number;
  /** Longest time without a frame that is kept, in ms of the source, 100 to 86,400,000. Default 10,000. */
  readonly idleMs: number;
  /** Where to look, 16 parts at most; the whole picture where there is none. Default none. */
  readonly regions: readonly Region[];
}

/** Of the picture that is looked at for motion, whatever the shape of the frames. */
export const MOTION_GRID = { columns: 64, rows: 36 } as const;

const REGIONS_MAX = 16;
const share = z.number().min(0).max(1);

const sides = { x: share, y: share, width: share.gt(0), height: share.gt(0) };

/** Shares are decimal fractions: their sums are off by a bit. */
function isWithin({ x, y, width, height }: Region): boolean {
  return x + width <= 1.000_001 && y + height <= 1.000_001;
}

const OUTSIDE = "wanted a region within the picture";

const limits = {
  contrast: z.number().min(1).max(255),
  share: share.gt(0),
  holdMs: z.number().min(0).max(3_600_000),
  idleMs: z.number().min(100).max(86_400_000),
};

/** As programs send it. */
export const motionGateForm = z.object({
  ...limits,
  regions: z.array(z.object(sides).refine(isWithin, OUTSIDE)).max(REGIONS_MAX),
});

const KnobForm = z.strictObject({
  contrast: limits.contrast.default(12),
  share: limits.share.default(0.002),
  holdMs: limits.holdMs.default(2_000),
  idleMs: limits.idleMs.default(10_000),
  regions: z.array(z.strictObject(sides).refine(isWithin, OUTSIDE)).max(REGIONS_MAX).default([]),
});

/** As people write it: `true` is one with its defaults, `false` none. */
export const motionGateKnob = z.preprocess(
  (value) => (value === true ? {} : value === false ? null : value),
  KnobForm.nullable(),
);

/** Whether two gates keep the same frames of the same source; null and undefined are none. */
export function sameGate(a: MotionGate | null = null, b: MotionGate | null = null): boolean {
  if (a === b) return true;
  if (a === null || b === null) return false;
  return (
    a.contrast === b.contrast &&
    a.share === b.share &&
    a.holdMs === b.holdMs &&
    a.idleMs === b.idleMs &&
    a.regions.length === b.regions.length &&
    a.regions.every((region, index) => sameRegion(region, b.regions[index]))
  );
}

function sameRegion(a: Region, b: Region | undefined): boolean {
  return a.x === b?.x && a.y === b.y && a.width === b.width && a.height === b.height;
}

/** For people; empty for none. */
export function gateText(gate: MotionGate | null = null): string {
  if (gate === null) return "";
  const { regions } = gate;
  const where =
    regions.length === 0 ? "" : ` in ${regions.length} ${regions.length === 1 ? "region" : "regions"}`;
  return `where something moves${where}`;
}
