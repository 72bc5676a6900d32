/** The commands about models: what they say of themselves, and which of them a hub keeps for its nodes. */

import { notEmpty, type Command } from "../command-line.js";
import { DEFAULT_STORE } from "./hub-folder.js";
import type { Choose } from "./operator-command.js";

interface LibraryFlags {
  readonly store: string;
  readonly json: boolean;
}

export function addModels(program: Command, choose: Choose): void {
  const models = program
    .command("model")
    .description("Looks at ONNX models, and keeps them for the nodes of a hub: see docs/models.md.");
  models
    .command("inspect")
    .argument("<file>", "model (.onnx)")
    .description(
      "Prints what a model says of itself, and whether the description beside it fits, or drafts one.",
    )
    .option("--json", "print one JSON object", false)
    .action((file: string, { json }: { readonly json: boolean }) =>
      choose(async () => {
        const { modelInspect } = await import("./model.js");
        return modelInspect(file, json);
      }),
    );
  ofLibrary(models.command("add").argument("<file>", "model (.onnx)"))
    .description(
      "Has the hub of a store keep a model, whether it runs or not: nodes fetch it where their own folder lacks it. Stages that run one of its name change over.",
    )
    .option("--description <file>", "its description (default: the one beside it)", notEmpty)
    .action((file: string, flags: LibraryFlags & { readonly description?: string }) =>
      choose(async () => {
        const { modelAdd } = await import("./model-library.js");
        return modelAdd(file, flags);
      }),
    );
  ofLibrary(models.command("list"))
    .description("Prints the models that the hub of a store keeps.")
    .action((flags: LibraryFlags) =>
      choose(async () => {
        const { modelList } = await import("./model-library.js");
        return modelList(flags);
      }),
    );
  ofLibrary(models.command("remove").argument("<name>", "name of its file"))
    .description("Has the hub of a store keep a model no longer: stages that have it loaded go on with it.")
    .action((name: string, flags: LibraryFlags) =>
      choose(async () => {
        const { modelRemove } = await import("./model-library.js");
        return modelRemove(name, flags);
      }),
    );
}

function ofLibrary(command: Command): Command {
  return command
    .option("--store <dir>", "store of the hub", notEmpty, DEFAULT_STORE)
    .option("--json", "print one JSON object", false);
}
