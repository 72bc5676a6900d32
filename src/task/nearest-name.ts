/** What a user probably meant by a name that is not known. */

/** ` (did you mean "x"?)` where a known name is close, else ` (known: "x", "y")`; for the end of an error's text. */
export function suggestName(name: string, known: Iterable<string>): string {
  const names = [...known];
  const [nearest] = names
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
    .sort((a, b) => a.distance - b.distance);
  if (nearest === undefined) return " (none is known)";
  if (nearest.distance <= Math.max(2, name.length / 3)) return ` (did you mean "${nearest.candidate}"?)`;
  const shown = names.slice(0, 8).map((candidate) => `"${candidate}"`);
  return ` (known: ${shown.join(", ")}${names.length > 8 ? ", ..." : ""})`;
}

/** Letters to insert, delete or replace (Levenshtein 1966), of texts up to 64 letters. */
function editDistance(a: string, b: string): number {
  const from = a.slice(0, 64).split("");
  const to = b.slice(0, 64).split("");
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [index, letter] of from.entries()) {
    const next = [index + 1];
    for (const [column, other] of to.entries()) {
      const replaced = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
