/** How a source is captured: the half of a scheduling decision that is not about placement. */

import { parseWith, z } from "../runtime/parse.js";
import { SluiceError } from "./errors.js";
import { CONFIGURATION_LIMITS, NAME, PIPELINE_LIMITS, TASK_LIMITS } from "./limits.js";
import { motionGateKnob, sameGate, type MotionGate } from "./motion-gate.js";

/** How frames may travel between nodes. */
export const FRAME_ENCODINGS = ["rgb", "jpeg"] as const;

/** How frames travel between nodes. */
export type FrameEncoding = (typeof FRAME_ENCODINGS)[number];

/** How a source is captured, and how its frames travel. */
export interface Configuration {
  /** Pixels, even, 16 to 7,680. */
  readonly width: number;
  /** Pixels, even, 16 to 4,320. */
  readonly height: number;
  /** Frames per second of source time, above 0 to 240. A source that is slower gives what it has; no frame is repeated. */
  readonly fps: number;
  /** Frames in one task, 1 to 256. */
  readonly framesPerTask: number;
  readonly encoding: FrameEncoding;
  /** Of `jpeg`: 1 (worst) to 100 (best). */
  readonly quality: number;
  /** By stage, which of its variants runs. Of a stage that is not named the first; absent: so of all. @see stageIn */
  readonly variants?: Readonly<Record<string, string>>;
  /** Which frames are left out as nothing moves in them. Absent or null: none is. */
  readonly motionGate?: MotionGate | null;
}

/** Where a pipeline says nothing. */
export const DEFAULT_CONFIGURATION: Configuration = {
  width: 640,
  height: 360,
  fps: 10,
  framesPerTask: 4,
  encoding: "rgb",
  quality: 80,
};

/** Decoded pixels of one task of JPEG, in bytes: 177 MB is 256 frames of 640x360, 535 MB is 86 frames of 1920x1080. */
const TASK_PIXEL_BYTES_MAX = 512 * 1024 * 1024;

const { width, height, fpsMax, framesPerTaskMax, quality } = CONFIGURATION_LIMITS;

const Knobs = z
  .strictObject({
    resolution: z.string().regex(/^\d{1,5}x\d{1,5}$/, 'wanted a text like "640x360"'),
    width: z.int().min(width.min).max(width.max).multipleOf(2),
    height: z.int().min(height.min).max(height.max).multipleOf(2),
    fps: z.number().gt(0).max(fpsMax),
    framesPerTask: z.int().min(1).max(framesPerTaskMax),
    encoding: z.enum(FRAME_ENCODINGS),
    quality: z.int().min(quality.min).max(quality.max),
    variants: z
      .record(z.string().regex(NAME), z.string().regex(NAME))
      .refine((named) => Object.keys(named).length <= PIPELINE_LIMITS.stagesMax, "wanted a variant a stage"),
    motionGate: motionGateKnob,
  })
  .partial();

/**
 * Reads knobs, any of `Configuration` or `resolution: "640x360"` in place of width and height, over `base`.
 *
 * @param base what holds where a knob is not given. Default `DEFAULT_CONFIGURATION`
 * @throws SluiceError `configuration-invalid`; `details.knob` is the one at fault where it is one
 */
export function parseConfiguration(
  value: unknown,
  base: Configuration = DEFAULT_CONFIGURATION,
): Configuration {
  const { resolution, variants, ...knobs } = checked(Knobs, value);
  if (resolution !== undefined && (knobs.width !== undefined || knobs.height !== undefined)) {
    throw invalid('give either "resolution" or "width" and "height"');
  }
  const [pixelsAcross, pixelsDown] = resolution?.split("x").map(Number) ?? [];
  const size = resolution === undefined ? {} : checked(Knobs, { width: pixelsAcross, height: pixelsDown });
  const given = Object.entries({ ...knobs, ...size }).filter(([, knob]) => knob !== undefined);
  const configuration: Configuration = {
    ...base,
    ...Object.fromEntries(given),
    ...(variants !== undefined && { variants: { ...base.variants, ...variants } }),
  };

  checkSize(configuration);
  return configuration;
}

/** Whether two are the same, knob by knob. */
export function sameConfiguration(a: Configuration, b: Configuration): boolean {
  return (
    a === b ||
    (a.width === b.width &&
      a.height === b.height &&
      a.fps === b.fps &&
      a.framesPerTask === b.framesPerTask &&
      a.encoding === b.encoding &&
      a.quality === b.quality &&
      sameVariants(a.variants, b.variants) &&
      sameGate(a.motionGate, b.motionGate))
  );
}

function sameVariants(a: Configuration["variants"] = {}, b: Configuration["variants"] = {}): boolean {
  if (a === b) return true;
  const stages = Object.keys(a);
  return stages.length === Object.keys(b).length && stages.every((stage) => a[stage] === b[stage]);
}

/** What a task of pixels weighs is known before there is one; of JPEG only what it weighs once it is decoded. */
function checkSize({ width: across, height: down, framesPerTask, encoding }: Configuration): void {
  const pixelBytes = across * down * 3 * framesPerTask;
  const [bytesMax, mend] =
    encoding === "rgb"
      ? [TASK_LIMITS.payloadBytesMax, 'framesPerTask or the resolution, or take the encoding "jpeg"']
      : [TASK_PIXEL_BYTES_MAX, "framesPerTask or the resolution"];
  if (pixelBytes <= bytesMax) return;
  throw invalid(
    `a task of ${framesPerTask} frames of ${across}x${down} has ${Math.ceil(pixelBytes / 1_048_576)} MiB of pixels, ` +
      `more than ${bytesMax / 1_048_576}: lower ${mend}`,
  );
}

/** Whether frames are looked at for motion. */
export function isGated({ motionGate = null }: Pick<Configuration, "motionGate">): boolean {
  return motionGate !== null;
}

/** Whether a source that is captured for `a` gives the frames of `b` too; how many go into a task is no matter. */
export function sameCapture(a: Configuration, b: Configuration): boolean {
  return (
    a.width === b.width &&
    a.height === b.height &&
    a.fps === b.fps &&
    a.encoding === b.encoding &&
    (a.encoding === "rgb" || a.quality === b.quality) &&
    isGated(a) === isGated(b)
  );
}

function checked(schema: typeof Knobs, value: unknown): z.output<typeof Knobs> {
  const parsed = parseWith(schema, value);
  if (parsed.ok) return parsed.value;
  throw invalid(parsed.problem, parsed.path[0]);
}

function invalid(problem: string, knob?: PropertyKey): SluiceError {
  return new SluiceError(`Cannot use this configuration: ${problem}`, {
    code: "configuration-invalid",
    details: knob === undefined ? {} : { knob },
  });
}
