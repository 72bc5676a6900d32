/** Ctrl-C and SIGTERM: the first one ends in order, a second one at once. */

/** Signals closer together are one Ctrl-C: npm passes on what the terminal has sent to its whole group already. */
const SAME_SIGNAL_MS = 500;

/** Calls `onFirst` once; the second signal ends the process with 130. */
export function onSignal(onFirst: () => void): void {
  let firstAtMs: number | null = null;
  const onSignalled = (): void => {
    if (firstAtMs !== null) {
      if (performance.now() - firstAtMs >= SAME_SIGNAL_MS) process.exit(130);
      return;
    }
    firstAtMs = performance.now();
    onFirst();
  };
  process.on("SIGINT", onSignalled).on("SIGTERM", onSignalled);
}

/** Resolves at the first signal. */
export function signalled(): Promise<void> {
  return new Promise((resolve) => onSignal(resolve));
}

/** Whichever comes first: the end of `work`, or `limitMs`. */
export async function atMost(limitMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([work.catch(() => {}), late]);
  clearTimeout(timer);
}
