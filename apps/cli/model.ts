/** `sluice model inspect`: what a model says of itself, and whether its description fits it. */

import { existsSync } from "node:fs";
import { basename } from "node:path";
import { describeModelFile, descriptionPath } from "../../src/services/model-files.js";
import { inspectModel, type TensorSignature } from "../../src/services/onnx-session.js";
import { checkDescribedModel } from "../../src/services/models/described-model.js";
import { draftDescription } from "../../src/services/models/draft.js";
import { assertNever } from "../../src/runtime/errors.js";
import { SluiceError } from "../../src/task/errors.js";
import { out } from "../terminal.js";
import { formatBytes } from "./units.js";

/** Whether the description beside the model fits it. */
type Description =
  | {
      readonly status: "fits";
      readonly decoding: string;
      readonly labels: number;
      readonly licence: string | null;
    }
  | { readonly status: "wrong"; readonly problem: string }
  | { readonly status: "absent"; readonly draft: string };

/** @returns 1 where there is a description that does not fit. @throws SluiceError `model-missing` or `model-invalid` of the model */
export async function modelInspect(file: string, json: boolean): Promise<number> {
  const signature = await inspectModel(file);
  const about = await describeModelFile(file);
  if (about === null) throw new TypeError(`"${file}" was a file, and is none`);
  const path = descriptionPath(file);
  const description: Description = existsSync(path)
    ? await descriptionOf(file)
    : { status: "absent", draft: draftDescription(signature) };
  if (json) {
    out.json({ ...about, ...signature, description });
  } else {
    const lines = [
      `${about.file}  ${formatBytes(about.bytes)}  sha256 ${about.sha256}`,
      ...tensorLines("inputs", signature.inputs),
      ...tensorLines("outputs", signature.outputs),
      ...descriptionLines(basename(path), description),
    ];
    out.lines(lines.join("\n"));
  }
  return description.status === "wrong" ? 1 : 0;
}

/** Opens and runs it, as a stage would. */
async function descriptionOf(file: string): Promise<Description> {
  try {
    const { output, labels, licence = null } = await checkDescribedModel(file);
    return { status: "fits", decoding: output.decoding, labels: labels.length, licence };
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return { status: "wrong", problem: error.message };
  }
}

function tensorLines(what: string, tensors: readonly TensorSignature[]): readonly string[] {
  return [what, ...tensors.map(({ name, type, shape }) => `  ${name}  ${type} [${shape.join(", ")}]`)];
}

function descriptionLines(path: string, description: Description): readonly string[] {
  switch (description.status) {
    case "fits": {
      const { decoding, labels, licence } = description;
      const count = `${labels} ${labels === 1 ? "label" : "labels"}`;
      return [`description ${path} fits: ${decoding}, ${count}${licence === null ? "" : `, ${licence}`}`];
    }
    case "wrong":
      return [`description ${path} does not fit: ${description.problem}`];
    case "absent":
      return [
        `no description: write ${path} beside it, from this draft`,
        "",
        ...description.draft.trimEnd().split("\n"),
      ];
    default:
      return assertNever(description);
  }
}
