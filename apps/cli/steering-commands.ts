/** The commands of `sluice` that show and steer the sources that run. */

import {
  addCaptureOptions,
  notEmpty,
  paramOption,
  POLICY_HELP,
  readBy,
  UsageError,
} from "../command-line.js";
import { TEXT_LIMITS } from "../../src/task/limits.js";
import type { ConfigureCommand } from "./configure.js";
import type { OperatorCommands } from "./operator-command.js";
import type { OperatorFlags } from "./operator-connection.js";

interface Json {
  readonly json: boolean;
}

/** Until the operator says otherwise, whatever happens to nodes and hub. */
const LASTING = "It lasts over restarts of its node and of the hub.";

export function addSteering(commands: OperatorCommands): void {
  addSources(commands);
  addPauses(commands);
  addConfigure(commands);
  addPipeline(commands);
  addPolicies(commands);
}

function addSources({ command, act }: OperatorCommands): void {
  command("sources", "Shows the sources that run: where, how fast, how late, and by which plan.")
    .option("--json", "print one JSON array", false)
    .addHelpText(
      "after",
      "\nExit codes: 0 all are shown, 1 a node did not answer, or failure, 2 wrong usage.\n",
    )
    .action((given: OperatorFlags & Json) =>
      act(
        given,
        () => import("./sources.js"),
        ({ sources }, operator) => sources(operator, given),
      ),
    );
  command("stop", "Ends a source for good, once its tasks in progress are stored: it goes on with no node.")
    .argument("<source>", "its name")
    .option("--json", "print one JSON object", false)
    .addHelpText(
      "after",
      "\nExit codes: 0 it has ended, 1 there is none of that name, or failure, 2 wrong\nusage.\n",
    )
    .action((source: string, given: OperatorFlags & Json) =>
      act(
        given,
        () => import("./stop.js"),
        ({ stop }, operator) => stop(operator, source, given),
      ),
    );
}

function addPauses({ command, act }: OperatorCommands): void {
  command("pause", "Has a source capture nothing until you resume it: what is in progress ends.")
    .argument("<source>", "its name")
    .option(
      "--reason <text>",
      `why, for whoever looks at its results: ${TEXT_LIMITS.pauseReason} characters at most`,
      readBy((text) => (text.length <= TEXT_LIMITS.pauseReason ? text : null), "shorter"),
    )
    .addHelpText(
      "after",
      `
A camera is let go of meanwhile, and what it does not give is stored as a gap. A
file goes on where it was. ${LASTING}

Exit codes: 0 it is paused, 1 there is none of that name, or failure, 2 wrong
usage.
`,
    )
    .action((source: string, given: OperatorFlags & { readonly reason?: string }) =>
      act(
        given,
        () => import("./pause.js"),
        ({ pause }, operator) => pause(operator, source, given),
      ),
    );
  command("resume", "Has a paused source capture again, a file from where it was.")
    .argument("<source>", "its name")
    .action((source: string, given: OperatorFlags) =>
      act(
        given,
        () => import("./pause.js"),
        ({ resume }, operator) => resume(operator, source),
      ),
    );
}

function addConfigure({ command, act }: OperatorCommands): void {
  const configure = command("configure", "Sets how a source is captured, whatever its policy decides.")
    .argument("<source>", "its name")
    .option("--release", "give all that was set back to the policy", false);
  addCaptureOptions(configure)
    .addHelpText(
      "after",
      `
What you do not name stays with the policy.
${LASTING}

Example: sluice configure cam --fps 5 --resolution 640x360

Exit codes: 0 it is captured so, 1 it was refused and nothing changed, 2 wrong
usage.
`,
    )
    .action((source: string, given: OperatorFlags & ConfigureCommand) => {
      const { fps, resolution, framesPerTask, encoding, quality, motionGate, release } = given;
      const all = [fps, resolution, framesPerTask, encoding, quality, motionGate];
      const knobs = all.filter((knob) => knob !== undefined);
      if (release === knobs.length > 0)
        throw new UsageError("say what to set, like --fps 5, or --release to give all of it to the policy");
      act(
        given,
        () => import("./configure.js"),
        (module, operator) => module.configure(operator, source, given),
      );
    });
}

function addPipeline({ command, act }: OperatorCommands): void {
  command("pipeline", "Moves a running source to another pipeline, or to another version of its own.")
    .argument("<source>", "its name")
    .argument("<file>", "pipeline file (YAML)")
    .addHelpText(
      "after",
      `
Tasks in progress end by the pipeline that they have. A file goes on at the next
frame; a camera is opened again, and what it does not give meanwhile is a gap.
What you said when you started the source, and since, stays in force.

Exit codes: 0 it walks the other one, 1 that was refused and the one before
stays, 2 wrong usage.
`,
    )
    .action((source: string, file: string, given: OperatorFlags) =>
      act(
        given,
        () => import("./pipeline.js"),
        (module, operator) => module.movePipeline(operator, source, file),
      ),
    );
}

interface PolicyCommand {
  readonly param?: readonly string[];
  readonly shadow?: string;
}

function addPolicies({ command, act }: OperatorCommands): void {
  command("policies", "Lists the policies that may decide for a source.")
    .option("--json", "print their names as one JSON array", false)
    .option("--reload", "have the hub read its own file of policies again first", false)
    .action((given: OperatorFlags & Json & { readonly reload: boolean }) =>
      act(
        given,
        () => import("./policy.js"),
        ({ policies }, operator) => policies(operator, given),
      ),
    );
  command("policy", "Has a policy decide for a source, until you say otherwise or the source has ended.")
    .argument("<source>", "its name")
    .argument("<name>", "name of the policy")
    .addOption(paramOption())
    .option(
      "--shadow <name>",
      "policy to compare beside it, which changes nothing; none ends that (default: as before)",
      notEmpty,
    )
    .addHelpText(
      "after",
      `
Example: sluice policy cam fixed --param placement.tracks=cloud

Exit codes: 0 it decides now, 1 it was refused and the one before stays, 2 wrong
usage.
${POLICY_HELP}`,
    )
    .action((source: string, name: string, given: OperatorFlags & PolicyCommand) =>
      act(
        given,
        () => import("./policy.js"),
        ({ setPolicy }, operator) => setPolicy(operator, source, name, given),
      ),
    );
}
