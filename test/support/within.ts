/**
 * uvu has no timeout: whatever a test awaits goes through here. A limit is there for what hangs and says nothing of speed: a
 * machine may be so many times slower than one that has nothing else to do.
 */

export const SLOWER_MAX = 10;

/** @param ms more than the work takes on a quiet machine */
export async function within<T>(ms: number, work: Promise<T>, what = "the work"): Promise<T> {
  const limitMs = ms * SLOWER_MAX;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Waited ${limitMs} ms for ${what}`)), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
