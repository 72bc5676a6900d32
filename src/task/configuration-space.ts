/** Which configurations a policy may choose from, and what it is to keep: both are a pipeline's to say. */

import { parseWith, z } from "../runtime/parse.js";
import {
  FRAME_ENCODINGS,
  parseConfiguration,
  type Configuration,
  type FrameEncoding,
} from "./configuration.js";
import { SluiceError } from "./errors.js";
import { NAME } from "./limits.js";

/** Values allowed for each knob, from the one that asks least of the cluster to the one that asks most. A knob without any stays as asked for. */
export interface ConfigurationSpace {
  readonly resolutions: readonly { readonly width: number; readonly height: number }[];
  readonly fps: readonly number[];
  readonly framesPerTask: readonly number[];
  readonly encodings: readonly FrameEncoding[];
  readonly qualities: readonly number[];
  /** By stage, its variants: in the order that the pipeline file gives them, which is to be that of what they ask of a node. Absent: none. */
  readonly variants?: Readonly<Record<string, readonly string[]>>;
}

/** What is wanted of a source: so many of its tasks stored in time. */
export interface Objective {
  /** Source timestamp to stored, 1 to 3,600,000. */
  readonly latencyMs: number;
  /** Share of tasks, in percent, that are to keep it: above 0 to below 100. Default 95. */
  readonly percentile: number;
  /** What is given up where it cannot be kept: `detail` (size, rate, quality) or `latency`. Default `detail`. */
  readonly yields: "detail" | "latency";
}

/** Values of one knob, far more than anyone tries. */
export const KNOB_VALUES_MAX = 16;

const list = <Item extends z.ZodType>(item: Item) => z.array(item).min(1).max(KNOB_VALUES_MAX).optional();

const SpaceForm = z.strictObject({
  resolution: list(z.string().regex(/^\d{1,5}x\d{1,5}$/, 'wanted a text like "640x360"')),
  fps: list(z.number()),
  framesPerTask: list(z.number()),
  encoding: list(z.enum(FRAME_ENCODINGS)),
  quality: list(z.number()),
  variants: z
    .record(z.string().regex(NAME), z.array(z.string().regex(NAME)).min(1).max(KNOB_VALUES_MAX))
    .optional(),
});

const ObjectiveForm = z.strictObject({
  latencyMs: z.number().min(1).max(3_600_000),
  percentile: z.number().gt(0).lt(100).default(95),
  yields: z.enum(["detail", "latency"]).default("detail"),
});

/**
 * Reads `space` of a pipeline file: for each knob the values allowed, in any order.
 *
 * @throws SluiceError `configuration-invalid`; `details.knob` is the one at fault where it is one
 */
export function parseSpace(value: unknown): ConfigurationSpace {
  const parsed = parseWith(SpaceForm, value);
  if (!parsed.ok) throw invalid(parsed.problem, parsed.path[0]);
  const {
    resolution = [],
    fps = [],
    framesPerTask = [],
    encoding = [],
    quality = [],
    variants,
  } = parsed.value;
  const resolutions = resolution.map((text) => checked("resolution", { resolution: text }));
  for (const rate of fps) checked("fps", { fps: rate });
  for (const frames of framesPerTask)
    checked("framesPerTask", { framesPerTask: frames, resolution: "16x16" });
  for (const share of quality) checked("quality", { quality: share });
  const ascending = (values: readonly number[]) => [...new Set(values)].sort((a, b) => a - b);
  return {
    resolutions: resolutions
      .map(({ width, height }) => ({ width, height }))
      .sort((a, b) => a.width * a.height - b.width * b.height),
    fps: ascending(fps),
    // More frames a task are fewer tasks.
    framesPerTask: ascending(framesPerTask),
    encodings: FRAME_ENCODINGS.toReversed().filter((name) => encoding.includes(name)),
    qualities: ascending(quality),
    ...(variants !== undefined && { variants }),
  };
}

/**
 * Reads `slo` of a pipeline file.
 *
 * @throws SluiceError `configuration-invalid`
 */
export function parseObjective(value: unknown): Objective {
  const parsed = parseWith(ObjectiveForm, value);
  if (!parsed.ok) throw invalid(parsed.problem, parsed.path[0]);
  return parsed.value;
}

/** Why a configuration is none that the space allows beside the one asked for, in words; null where it is one. Both have all of their variants. @see withVariants */
export function outsideSpace(
  configuration: Configuration,
  space: ConfigurationSpace,
  asked: Configuration,
): string | null {
  const { width, height } = configuration;
  const resolution = `${width}x${height}`;
  const sizes = space.resolutions.map((size) => `${size.width}x${size.height}`);
  const asIs = `${asked.width}x${asked.height}`;
  return (
    outside("resolution", resolution, sizes, asIs) ??
    outside("fps", configuration.fps, space.fps, asked.fps) ??
    outside("framesPerTask", configuration.framesPerTask, space.framesPerTask, asked.framesPerTask) ??
    outside("encoding", configuration.encoding, space.encodings, asked.encoding) ??
    outside("quality", configuration.quality, space.qualities, asked.quality) ??
    outsideVariants(configuration.variants, space.variants, asked.variants)
  );
}

function outsideVariants(
  variants: Configuration["variants"] = {},
  allowed: ConfigurationSpace["variants"] = {},
  asked: Configuration["variants"] = {},
): string | null {
  for (const [stage, name] of Object.entries(variants)) {
    if (name === asked[stage] || allowed[stage]?.includes(name) === true) continue;
    const names = new Set([...(allowed[stage] ?? []), ...[asked[stage] ?? []].flat()]);
    return `the variant of stage ${stage} must be one of ${[...names].join(", ")}: got ${name}`;
  }
  return null;
}

function outside<Value extends string | number>(
  knob: string,
  value: Value,
  allowed: readonly Value[],
  asked: Value,
): string | null {
  if (allowed.length === 0 || value === asked || allowed.includes(value)) return null;
  return `${knob} must be one of ${allowed.join(", ")}: got ${value}`;
}

function checked(knob: string, value: unknown): Configuration {
  try {
    return parseConfiguration(value);
  } catch (error) {
    if (error instanceof SluiceError) throw invalid(error.message, knob, error);
    throw error;
  }
}

function invalid(problem: string, knob?: PropertyKey, cause?: unknown): SluiceError {
  return new SluiceError(`Cannot use this space or objective: ${problem}`, {
    code: "configuration-invalid",
    details: knob === undefined ? {} : { knob },
    ...(cause !== undefined && { cause }),
  });
}
