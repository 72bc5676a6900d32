/** What a hostile member must not come to: a record of an honest source, or an actor of an honest node that fails on it. */

import { errorText } from "../../runtime/errors.js";
import type { Decorate } from "../../runtime/system-options.js";
import type { StoredRecord } from "../../task/record.js";
import { FORGED } from "./claims.js";
import { HOSTILE } from "./hostile-member.js";

export function isHostiles(source: string): boolean {
  return source.startsWith(HOSTILE);
}

/** A finding of an audit that is about a source of a hostile member: what such a one says of its own source is its word. */
export function isOfHostiles(finding: string): boolean {
  return new RegExp(`(?:^|[ :"])${HOSTILE}\\d`).test(finding);
}

/** Records of honest sources that somebody else has made up, a sentence each. */
export function forgedRecords(records: readonly StoredRecord[]): readonly string[] {
  return records.flatMap((record) => {
    const { sourceId, incarnation, sequence } = record.id;
    if (isHostiles(sourceId) || !JSON.stringify(record).includes(`"${FORGED}"`)) return [];
    return [`forged: ${sourceId}/${incarnation}/${sequence} was made up by a hostile member`];
  });
}

/** Looks at what actors fail on: a message must make none fail, but by what a fault of the simulation does. */
export function watchFailures(
  expected: (text: string) => boolean,
  onFailed: (text: string) => void,
): Decorate {
  return (name, behaviour) => ({
    ...behaviour,
    receive: (state, message, ctx) => {
      try {
        return behaviour.receive(state, message, ctx);
      } catch (error) {
        const text = errorText(error);
        if (!expected(text)) {
          const { type } = message as { readonly type?: unknown };
          onFailed(`failed: ${name} failed on "${String(type)}": ${text}`);
        }
        throw error;
      }
    },
  });
}
