/** Policies of one's own from a file: code that whoever runs the hub names, and that never comes from the wire. */

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { errorText } from "../runtime/errors.js";
import { parseWith, z } from "../runtime/parse.js";
import { SluiceError } from "../task/errors.js";
import { bindPolicy, type BoundPolicy, type Policy } from "./policy.js";

const method = z.custom<object>((value) => typeof value === "function", "wanted a function");

const Exports = z.object({
  policies: z
    .array(
      z
        .object({
          name: z.string("wanted a name").min(1),
          version: z.string("wanted a text").max(64).optional(),
          parse: method,
          check: method.optional(),
          start: method,
          resume: method.optional(),
          decide: method.optional(),
          decideAll: method.optional(),
        })
        .refine(
          ({ decide, decideAll }) => decide !== undefined || decideAll !== undefined,
          'wanted a function "decide" or "decideAll"',
        ),
      "wanted a list of policies",
    )
    .min(1),
});

/** Characters of the hash of a file that stand for it, where its policies name no version. */
const VERSION_LENGTH = 16;
const CHECK_MS_MAX = 10_000;

/**
 * Reads an ES module that exports `policies`, a list of policies. It runs with the rights of this process.
 *
 * @throws SluiceError `policy-invalid` where it cannot be loaded or exports no policies, with the line where that is known
 */
export async function loadPolicies(file: string): Promise<readonly BoundPolicy[]> {
  const refusal = (problem: string, cause?: unknown) =>
    new SluiceError(`Cannot use the policies of "${file}": ${problem}`, {
      code: "policy-invalid",
      details: { file },
      ...(cause !== undefined && { cause }),
    });
  const path = resolve(file);
  let exported: unknown;
  let version: string;
  try {
    version = createHash("sha256")
      .update(await readFile(path))
      .digest("hex")
      .slice(0, VERSION_LENGTH);
    exported = await import(pathToFileURL(path).href);
  } catch (thrown) {
    const line = await lineOf(thrown, path);
    throw refusal(line === null ? errorText(thrown) : `line ${line}: ${errorText(thrown)}`, thrown);
  }
  const parsed = parseWith(Exports, Object.assign({}, exported));
  if (!parsed.ok) throw refusal(parsed.problem);
  const { policies } = exported as { readonly policies: readonly Policy<unknown, unknown>[] };
  return policies.map((policy) => bindPolicy(policy, policy.version ?? version));
}

/** Where a file is wrong; null where that cannot be told. An error of syntax does not say it, but Node's own check of the file does. */
async function lineOf(thrown: unknown, path: string): Promise<string | null> {
  if (!(thrown instanceof Error)) return null;
  const said = thrown instanceof SyntaxError ? await checkSyntax(path) : (thrown.stack ?? "");
  const at = said.indexOf(`${path}:`);
  return at < 0 ? null : (/^\d+/.exec(said.slice(at + path.length + 1))?.[0] ?? null);
}

function checkSyntax(path: string): Promise<string> {
  return new Promise((tell) =>
    execFile(process.execPath, ["--check", path], { timeout: CHECK_MS_MAX }, (_error, _out, said) =>
      tell(said),
    ),
  );
}
