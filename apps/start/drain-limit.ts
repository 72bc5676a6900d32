/** How long the first Ctrl-C waits for tasks to be settled, in ms: with the summary and the end it stays below 5 s. */
export const DRAIN_MS = 3_000;
