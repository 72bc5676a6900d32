/** `sluice configure`: knobs that an operator sets, whatever the policy of a source decides. */

import type { Operator } from "../../src/operator/operator.js";
import { DEFAULT_CONFIGURATION, type Configuration } from "../../src/task/configuration.js";
import { parseSourceId } from "../../src/task/identity.js";
import { gateText } from "../../src/task/motion-gate.js";
import { configurationGiven, configurationOf, type ConfigurationFlags } from "../start/inputs.js";
import { out } from "../terminal.js";

export interface ConfigureCommand extends ConfigurationFlags {
  readonly release: boolean;
}

/** @throws UsageError of a value out of range; SluiceError `configuration-invalid` of one that its pipeline cannot take, `source-missing` */
export async function configure(
  operator: Operator,
  source: string,
  command: ConfigureCommand,
): Promise<number> {
  const id = parseSourceId(source);
  const knobs = knobsOf(command);
  await operator.configureSource(id, command.release ? null : Object.fromEntries(knobs));
  const configuration = (await operator.table()).table?.sources.get(id)?.configuration;
  const ordered = (await operator.sources())[id]?.ordered ?? {};
  const set = Object.keys(ordered);
  const by = set.length === 0 ? "all by its policy" : `set by you: ${set.join(", ")}`;
  out.line(
    configuration === undefined
      ? `${id} is captured so once it is decided for; ${by}`
      : `${id} is captured in ${text({ ...configuration, ...ordered })}; ${by}`,
  );
  return 0;
}

function knobsOf(command: ConfigureCommand): readonly (readonly [string, unknown])[] {
  const given = configurationGiven(command);
  const read = configurationOf(command, DEFAULT_CONFIGURATION);
  const named = new Set(
    Object.keys(given).flatMap((knob) => (knob === "resolution" ? ["width", "height"] : [knob])),
  );
  return Object.entries(read).filter(([knob]) => named.has(knob));
}

function text({ width, height, fps, framesPerTask, encoding, quality, motionGate }: Configuration): string {
  const image = encoding === "jpeg" ? `jpeg of quality ${quality}` : encoding;
  const gate = gateText(motionGate);
  return `${width}x${height} at ${fps} fps, ${framesPerTask} frames a task, ${image}${gate === "" ? "" : `, ${gate}`}`;
}
