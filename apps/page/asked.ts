/** What is asked of an actor again and again while somebody looks: the next time a second after the answer. */

import { useEffect, useState } from "./view.js";

const PERIOD_MS = 1_000;

interface Asked<Reply> {
  /** The newest; null before there is one. */
  readonly reply: Reply | null;
  /** Why there is none now; null where there is. */
  readonly problem: string | null;
}

/** @param key of what is asked: of another one nothing is known */
export function useAsked<Reply>(key: string, ask: () => Promise<Reply>): Asked<Reply> {
  const [asked, setAsked] = useState<Asked<Reply>>({ reply: null, problem: null });
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    const again = async (): Promise<void> => {
      // Nobody looks at a page that is behind another one.
      if (!document.hidden) {
        const next = await ask().then(
          (reply) => ({ reply, problem: null }),
          (thrown: unknown) => ({ reply: null, problem: thrown instanceof Error ? thrown.message : "" }),
        );
        if (isOver) return;
        setAsked(next);
      }
      timer = setTimeout(() => void again(), PERIOD_MS);
    };
    setAsked({ reply: null, problem: null });
    void again();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [key]);
  return asked;
}
