/** What a configuration file says otherwise than before, and whether a hub that runs can take it over. */

import { isDeepStrictEqual } from "node:util";
import { HUB_FILE } from "./hub-form.js";
import { isSection, type Entries } from "./setting.js";

export interface FileChanges {
  /** Names with a dot between section and setting. */
  readonly live: readonly string[];
  /** They hold from the next start on. */
  readonly later: readonly string[];
}

type Written = Readonly<Record<string, unknown>>;

export function fileChanges(before: Written, after: Written): FileChanges {
  const changed = changesIn(HUB_FILE, before, after, "");
  return {
    live: changed.filter(({ live }) => live).map(({ name }) => name),
    later: changed.filter(({ live }) => !live).map(({ name }) => name),
  };
}

function changesIn(
  entries: Entries,
  before: Written,
  after: Written,
  prefix: string,
): readonly { readonly name: string; readonly live: boolean }[] {
  return Object.entries(entries).flatMap(([key, entry]) => {
    const name = `${prefix}${key}`;
    const [was, is] = [before[key] ?? undefined, after[key] ?? undefined];
    if (isSection(entry)) return changesIn(entry.settings, within(was), within(is), `${name}.`);
    return isDeepStrictEqual(was, is) ? [] : [{ name, live: entry.live }];
  });
}

function within(value: unknown): Written {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}
