/**
 * Text from elsewhere made safe for where it goes. Names, labels and error texts may come from another machine, a file or a
 * camera, and a terminal, a file system and a page each obey some of their characters.
 *
 * Whatever leaves a program goes through one of these at its door, so that nobody has to remember it.
 */

/**
 * What a terminal obeys or what changes how a line looks without being seen: the control characters of ASCII and of
 * Latin-1 (ECMA-48), line and paragraph separators, the marks that reorder text (UAX #9), other characters without a shape,
 * halves of a surrogate pair.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;
const UNSAFE_BUT_NEWLINE = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

/** One line for a terminal or a log: what is not safe shows as `\u{1b}`. */
export function terminalLine(text: string): string {
  return text.replace(UNSAFE, visible);
}

/** Lines for a terminal, each made safe; the line ends stay. */
export function terminalLines(text: string): string {
  return text.replace(UNSAFE_BUT_NEWLINE, visible);
}

/** JSON as safe as a line for a terminal, and the same value: what is not safe is escaped as JSON does it. */
export function jsonLine(value: unknown): string {
  return safeJson(JSON.stringify(value) ?? "null");
}

/** `json` with what is not safe escaped, where JSON leaves it as it is. It has no white space outside its texts. */
export function safeJson(json: string): string {
  return json.replace(UNSAFE, (found) =>
    found
      .split("")
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
      .join(""),
  );
}

/** Part of a file's name, never empty, hidden, a path or an option: letters, digits, `-`, `_` and `.`, at most `lengthMax`. */
export function fileNamePart(text: string, lengthMax = 64): string {
  const plain = text
    .replace(/[^A-Za-z0-9_.-]+/g, "-")
    .replace(/^[^A-Za-z0-9]+/, "")
    .slice(0, lengthMax)
    .replace(/[.-]+$/, "");
  return plain === "" ? "unnamed" : plain;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
  "`": "&#96;",
};

/** Text of a page, or of an attribute between quotes (HTML, "Escaping a string"); without what a terminal would obey. */
export function htmlText(text: string): string {
  return terminalLines(text).replace(/[&<>"'`]/g, (found) => ENTITIES[found] ?? "");
}

function visible(found: string): string {
  return `\\u{${(found.codePointAt(0) ?? 0).toString(16)}}`;
}
