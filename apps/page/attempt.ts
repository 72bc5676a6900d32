/** What became of an order, beside the form that gave it. */

import { html, useState, type Child } from "./view.js";

interface Said {
  readonly isWrong: boolean;
  readonly text: string;
}

/** Does the work and says `done`, or what went wrong. */
export type Attempt = (done: string, work: () => Promise<void>) => Promise<void>;

/** @returns what to show of the last attempt, and what makes one */
export function useAttempt(): [Child, Attempt] {
  const [said, setSaid] = useState<Said | null>(null);
  const attempt = async (done: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
      setSaid({ isWrong: false, text: done });
    } catch (thrown) {
      setSaid({ isWrong: true, text: thrown instanceof Error ? thrown.message : String(thrown) });
    }
  };
  const shown =
    said === null
      ? null
      : html`<p role=${said.isWrong ? "alert" : "status"} class=${said.isWrong ? "problem" : "done"}>
          ${said.text}
        </p>`;
  return [shown, attempt];
}
