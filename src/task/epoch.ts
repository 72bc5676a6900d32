/** Epochs of routing tables: each term of a scheduler has so many of its own that those of all terms only grow. */

/** Tables that a scheduler may publish before it comes near the epochs of the next term. */
export const EPOCHS_A_TERM = 1_000_000;

/** The epoch before the first of a term. Terms count from 1. */
export function epochBefore(term: number): number {
  return (term - 1) * EPOCHS_A_TERM;
}

/** The term of an epoch, and the number of its table within the term, from 1; both 0 of epoch 0, which is no table. */
export function splitEpoch(epoch: number): { readonly term: number; readonly table: number } {
  if (epoch <= 0) return { term: 0, table: 0 };
  const term = Math.floor((epoch - 1) / EPOCHS_A_TERM) + 1;
  return { term, table: epoch - epochBefore(term) };
}
