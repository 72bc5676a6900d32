/** The `traceparent` of W3C Trace Context, level 1 (https://www.w3.org/TR/trace-context-1/), section 3.2. */

export interface TraceContext {
  /** 32 hexadecimal digits in lower case, not all 0. */
  readonly traceId: string;
  /** 16 hexadecimal digits in lower case, not all 0. */
  readonly parentId: string;
  readonly sampled: boolean;
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** A new trace, sampled. `random` is uniform in [0, 1). */
export function createTraceparent(random: () => number): string {
  return `00-${hexadecimal(4, random)}-${hexadecimal(2, random)}-01`;
}

/** Null where `text` is no traceparent. Versions to come are read as far as version 00 goes, as section 3.2.4 asks. */
export function parseTraceparent(text: string): TraceContext | null {
  const [, version, traceId = "", parentId = "", flags = "", rest] = TRACEPARENT.exec(text) ?? [];
  if (version === undefined || version === "ff" || (version === "00" && rest !== undefined)) return null;
  if (/^0+$/.test(traceId) || /^0+$/.test(parentId)) return null;
  return { traceId, parentId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** Eight digits a word; the last word is odd, as an id of zeros only is invalid. */
function hexadecimal(words: number, random: () => number): string {
  let text = "";
  for (let word = 1; word <= words; word += 1) {
    const value = Math.floor(random() * 2 ** 32);
    text += ((word === words ? value | 1 : value) >>> 0).toString(16).padStart(8, "0");
  }
  return text;
}
