/** A source with what an operator has said of it: pure, for whoever deals with sources. */

import { parseConfiguration, type Configuration } from "../../task/configuration.js";
import type { ConfigurationSpace } from "../../task/configuration-space.js";
import { SluiceError } from "../../task/errors.js";
import { withinNative } from "../../task/native-video.js";
import type { Explanation, SourceDescription, SourceOrder } from "../../task/requests.js";

/** A source as the scheduler and its policy deal with it: as it was registered, with what an operator has said of it. */
export function steered(registered: SourceDescription, order: SourceOrder | undefined): SourceDescription {
  const { ordered: _ordered, pause: _pause, ...source } = registered;
  const { configuration: ordered, pause } = order ?? {};
  // What shows no more than the source has is nothing for a policy to choose.
  const space = source.space && source.native ? withinNative(source.space, source.native) : source.space;
  const paused = { ...source, ...(space && { space }), ...(pause && { pause }) };
  // Its node may have registered it otherwise since.
  if (ordered === undefined || knobsProblem(source, ordered) !== null) return paused;
  return {
    ...paused,
    ordered,
    configuration: { ...source.configuration, ...ordered },
    ...(space && { space: without(space, ordered) }),
  };
}

/** A knob that an operator has set is none that a policy may choose a value of. */
function without(space: ConfigurationSpace, ordered: Partial<Configuration>): ConfigurationSpace {
  return {
    ...space,
    resolutions: ordered.width === undefined && ordered.height === undefined ? space.resolutions : [],
    fps: ordered.fps === undefined ? space.fps : [],
    framesPerTask: ordered.framesPerTask === undefined ? space.framesPerTask : [],
    encodings: ordered.encoding === undefined ? space.encodings : [],
    qualities: ordered.quality === undefined ? space.qualities : [],
  };
}

/** Why a source cannot be captured with these knobs over what it was registered with; null where it can. */
export function knobsProblem(
  { id, configuration, framesMin = 1 }: SourceDescription,
  knobs: Partial<Configuration>,
): SluiceError | null {
  try {
    const { framesPerTask } = parseConfiguration(knobs, configuration);
    if (framesPerTask >= framesMin) return null;
    const text = `Cannot configure source "${id}" so as its pipeline needs ${framesMin} frames in a task: set framesPerTask (--frames-per-task) to ${framesMin} or more`;
    return new SluiceError(text, { code: "configuration-invalid", details: { knob: "framesPerTask" } });
  } catch (thrown) {
    if (thrown instanceof SluiceError) return thrown;
    throw thrown;
  }
}

/** Why a source is decided so, with what an operator has said of it. */
export function explained(why: Explanation, { ordered, pause }: SourceDescription): Explanation {
  const knobs = ordered === undefined ? {} : { setByOperator: knobsText(ordered) };
  const inputs = { ...why.inputs, ...knobs };
  if (pause === undefined) return { ...why, inputs };
  const { sinceMs, reason } = pause;
  const said = reason === "" ? "" : ` (${reason})`;
  return {
    reason: `paused by an operator since ${new Date(sinceMs).toISOString()}${said}; ${why.reason}`,
    inputs,
  };
}

/** `640x360, fps 5`. */
function knobsText({
  width,
  height,
  variants: _variants,
  motionGate,
  ...knobs
}: Partial<Configuration>): string {
  const size = width === undefined || height === undefined ? [] : [`${width}x${height}`];
  const others = Object.entries(knobs).map(([knob, value]) => `${knob} ${String(value)}`);
  const gate = motionGate === undefined ? [] : [`motionGate ${motionGate === null ? "off" : "on"}`];
  return [...size, ...others, ...gate].join(", ");
}
