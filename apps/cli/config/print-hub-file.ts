/** A hub's configuration as a file: every setting with what it means, its default, and what a file says instead. */

import { HUB_FILE } from "./hub-form.js";
import { isSection, type Entries, type Section, type Setting } from "./setting.js";

const HEAD = `# Configuration of a hub: sluice hub --config FILE.
# Relative paths begin at the folder of this file. What is marked "live" is taken over at SIGHUP; the rest at the next start.
# A duration is typed 500ms, 90s, 15m, 24h or 30d, a size 512KiB, 64MiB or 10GiB. A name behind a # has no default.
`;

/** @param written what a file says, as it is written */
export function printHubFile(written: Readonly<Record<string, unknown>> = {}): string {
  return `${HEAD}${linesOf(HUB_FILE, written, "").join("\n")}\n`;
}

function linesOf(
  entries: Entries,
  written: Readonly<Record<string, unknown>>,
  indent: string,
): readonly string[] {
  return Object.entries(entries).flatMap(([name, entry]) => {
    const given = written[name];
    return isSection(entry)
      ? sectionLines(name, entry, given, indent)
      : settingLines(name, entry, given, indent);
  });
}

function sectionLines(
  name: string,
  { what, settings }: Section,
  given: unknown,
  indent: string,
): readonly string[] {
  const within = typeof given === "object" && given !== null ? Object.fromEntries(Object.entries(given)) : {};
  return ["", `${indent}# ${what}`, `${indent}${name}:`, ...linesOf(settings, within, `${indent}  `)];
}

function settingLines(
  name: string,
  { shown, example, what, live }: Setting<unknown>,
  given: unknown,
  indent: string,
): readonly string[] {
  const comment = `${live ? "live; " : ""}${what}`;
  const isGiven = given !== undefined && given !== null;
  const value = isGiven ? yamlOf(withoutSecrets(given)) : (shown ?? example ?? "");
  const mark = isGiven || shown !== null ? "" : "# ";
  if (!value.includes("\n")) return [`${indent}${mark}${name}: ${value} # ${comment}`];
  const [, ...rest] = value.split("\n");
  return ["", `${indent}# ${comment}`, `${indent}# ${name}:`, ...rest.map((line) => `${indent}# ${line}`)];
}

/** On one line. */
function yamlOf(value: unknown): string {
  return typeof value === "string" && isPlainText(value) ? value : JSON.stringify(value);
}

/** Whether YAML takes it for the same text without quotes. */
function isPlainText(text: string): boolean {
  if (!/^[A-Za-z0-9/][\w./:-]*[\w/]$/.test(text) || !Number.isNaN(Number(text))) return false;
  return !/^(?:true|false|null)$/i.test(text);
}

const PASSWORD = /^([a-z][a-z0-9+.-]*:\/\/)[^/@\s]*@/i;

/** Addresses without what stands before their host: a password may be there. */
function withoutSecrets(value: unknown): unknown {
  if (typeof value === "string") return value.replace(PASSWORD, "$1***@");
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withoutSecrets(item)]));
}
