/** The project's own source files, read as text for the tests that hold the structure. */

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root, from the compiled place of this file. */
export const REPOSITORY = fileURLToPath(new URL("../../../", import.meta.url));

export interface SourceFile {
  /** Relative to the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** What it imports: repository paths for its own files, package names and `node:` names for the rest. */
  readonly imports: readonly string[];
}

export function sourceFiles(...folders: readonly string[]): readonly SourceFile[] {
  return folders.flatMap((folder) =>
    readdirSync(join(REPOSITORY, folder), { recursive: true, encoding: "utf8" })
      .map((name) => posix.join(folder, name.replaceAll("\\", "/")))
      .filter((path) => path.endsWith(".ts") && !path.endsWith(".d.ts"))
      .sort()
      .map((path) => {
        const text = readFileSync(join(REPOSITORY, path), "utf8");
        return { path, text, imports: importsOf(path, text) };
      }),
  );
}

function importsOf(path: string, text: string): readonly string[] {
  const specifiers = text.matchAll(
    /(?:^|\n)\s*(?:import|export)\b[^;]*?from\s+"([^"]+)"|\bimport\(\s*"([^"]+)"|(?:^|\n)import\s+"([^"]+)"|\brequire(?:\.resolve)?\(\s*"([^"]+)"/g,
  );
  return [...specifiers].map((match) => resolve(path, match[1] ?? match[2] ?? match[3] ?? match[4] ?? ""));
}

function resolve(path: string, specifier: string): string {
  if (specifier.startsWith(".")) {
    return posix.join(dirname(path), specifier).replace(/\.js$/, ".ts");
  }
  if (specifier.startsWith("node:")) return specifier;
  const parts = specifier.split("/");
  return specifier.startsWith("@") ? parts.slice(0, 2).join("/") : (parts[0] ?? specifier);
}
