/** Says while a program runs that its store cannot be written, and when it can again. */

/** Between looks, in ms. */
const PERIOD_MS = 1_000;

/**
 * @param store whatever may fail
 * @param say is told once of each failure, and once of its end
 * @returns ends it
 */
export function sayFailures(
  store: { readonly failure: string | null },
  say: (line: string) => void,
): () => void {
  let said: string | null = null;
  const timer = setInterval(() => {
    const { failure } = store;
    if (failure === said) return;
    said = failure;
    say(failure === null ? "The store can be written again" : `warning: ${failure}; results wait meanwhile`);
  }, PERIOD_MS);
  timer.unref();
  return () => clearInterval(timer);
}
