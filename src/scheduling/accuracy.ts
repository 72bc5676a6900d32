/**
 * What detections of a configuration are worth, as a share of what can be found.
 *
 * After the predictor of Steady (as Dayu has it): of the frame rate `a + b exp(c fps)`, and the worse the faster objects move; of
 * the size `a + b exp(c (height - 350))`, and the worse the smaller they are. The coefficients are those of Dayu's detectors:
 * they rank configurations, and are no measurement of a model. What JPEG takes away is ours, as in `detailOf`.
 */

import type { Configuration } from "../task/configuration.js";
import type { PolicyView } from "./policy.js";

/** What recent results show of the scene, in pixels of the source; null where nothing does. */
interface SceneInPixels {
  /** A second. */
  readonly speed: number | null;
  /** Of an object's box. */
  readonly area: number | null;
}

interface Band {
  /** Up to this much. */
  readonly to: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

const BY_SPEED: readonly Band[] = [
  { to: 260, a: 0.98, b: -0.75, c: -0.85 },
  { to: 520, a: 0.97, b: -1.2, c: -0.78 },
  { to: 780, a: 0.985, b: -0.9, c: -0.29 },
  { to: Infinity, a: 1, b: -0.84, c: -0.18 },
];
const BY_AREA: readonly Band[] = [
  { to: 0, a: 0.99, b: -0.2, c: -0.008 },
  { to: 50_000, a: 0.98, b: -0.63, c: -0.006 },
  { to: 100_000, a: 0.99, b: -0.47, c: -0.008 },
  { to: Infinity, a: 0.99, b: -0.2, c: -0.008 },
];
/** Of a scene that nothing is known of: objects as fast and as large as is usual. */
const SPEED_UNKNOWN = 260;
const AREA_UNKNOWN = 50_000;
/** Of a source that does not say. */
const NATIVE_UNKNOWN = { width: 1_280, height: 720 };
/** The height that the curve of sizes counts from, in pixels. */
const HEIGHT_FROM = 350;

/** Above 0 to 1. */
export function accuracyOf(
  { fps, height, encoding, quality }: Configuration,
  { speed, area }: SceneInPixels,
): number {
  const ofRate = along(bandOf(BY_SPEED, speed ?? SPEED_UNKNOWN), fps);
  const ofSize = along(bandOf(BY_AREA, area ?? AREA_UNKNOWN), height - HEIGHT_FROM);
  const ofImage = encoding === "rgb" ? 1 : 0.75 + 0.25 * (quality / 100);
  return Math.max(0.001, ofRate) * Math.max(0.001, ofSize) * ofImage;
}

/** The scene of recent tasks of the source. */
export function sceneInPixels({
  recent: { scene },
  native,
}: Pick<PolicyView, "recent" | "native">): SceneInPixels {
  const { width, height } = native ?? NATIVE_UNKNOWN;
  const { size = null, speed = null } = scene ?? {};
  return {
    speed: speed === null ? null : speed * width,
    area: size === null ? null : size * width * height,
  };
}

function bandOf(bands: readonly Band[], value: number): Band {
  const band = bands.find(({ to }) => value <= to) ?? bands.at(-1);
  if (band === undefined) throw new TypeError("There must be a band");
  return band;
}

function along({ a, b, c }: Band, x: number): number {
  return Math.min(1, a + b * Math.exp(c * x));
}
