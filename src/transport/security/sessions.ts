/**
 * The numbers of the sessions of a hub: each is above all before it, whatever the clock says.
 *
 * SN1 A number is given once, over all processes of a hub: what a process may give is kept as taken before it gives it.
 */

/** Numbers that are taken at once; those that are left are lost with the process, of the 4 billion that there are. */
const BLOCK = 1_024;

/** Gives numbers to the sessions of a hub's members, none twice over all its processes. */
export interface SessionNumbers {
  /** Of the hub itself: the first one of this process. */
  readonly own: number;
  /** @throws what keeps them, where more are to be taken and cannot be now */
  next(): Promise<number>;
}

/** @param take keeps all numbers up to this one as taken; durable once it resolves */
export type TakeSessions = (upTo: number) => Promise<void>;

/** @param from above all that any process of the hub has taken; 1 to 2^32 - 1 */
export async function openSessionNumbers(from: number, take: TakeSessions): Promise<SessionNumbers> {
  await take(from + BLOCK);
  return createSessionNumbers(from, take, from + BLOCK);
}

/**
 * Of a hub that keeps nothing: they are above those of earlier processes as long as its clock was not set back and fewer than one a
 * second were needed.
 *
 * @param nowMs ms since the Unix epoch
 */
export function passingSessionNumbers(nowMs: number): SessionNumbers {
  return createSessionNumbers(sessionAt(nowMs), () => Promise.resolve());
}

/** The first number of a hub that has taken none, ms since the Unix epoch. */
export function sessionAt(nowMs: number): number {
  return Math.floor(nowMs / 1_000);
}

function createSessionNumbers(own: number, take: TakeSessions, takenAlready = own): SessionNumbers {
  let last = own;
  let taken = takenAlready;
  /** Of those who wait for more. */
  let taking: Promise<void> | null = null;

  async function takeMore(): Promise<void> {
    try {
      await take(taken + BLOCK);
      taken += BLOCK;
    } finally {
      taking = null;
    }
  }

  return {
    own,
    async next() {
      while (last >= taken) await (taking ??= takeMore());
      last += 1;
      return last;
    },
  };
}
