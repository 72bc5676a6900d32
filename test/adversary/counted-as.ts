/**
 * As what the nodes count each attack: it is refused for that reason and for no other. Those that are not here leave nothing to
 * count, or are told no, which they check themselves.
 */

export const COUNTED_AS: ReadonlyMap<string, readonly string[]> = new Map([
]);
