/**
 * For loops that look whether something is there: between two looks others have the processor. A loop that only turns takes it
 * from the threads and processes that it waits for.
 */
export const pause = (ms = 1): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));
