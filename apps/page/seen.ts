/** Whether something of the page is in sight, or about to be. */

import { useEffect, useRef, useState } from "./view.js";

/** @returns what is to be its `ref`, and whether it is in sight */
export function useSeen(): [{ current: Element | null }, boolean] {
  const place = useRef<Element>(null);
  const [isSeen, setSeen] = useState(false);
  useEffect(() => {
    if (place.current === null) return undefined;
    const seen = new IntersectionObserver((entries) => setSeen(entries.at(-1)?.isIntersecting === true), {
      rootMargin: "200px",
    });
    seen.observe(place.current);
    return () => seen.disconnect();
  }, []);
  return [place, isSeen];
}
