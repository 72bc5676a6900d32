/** Whether something of the page is in sight, or about to be. */

import { useEffect, useRef, useState } from "./view.js";

/** @returns what is to be its `ref`, and whether it is in sight */
export function useSeen<Place extends Element>(): [{ current: Place | null }, boolean] {
  const place = useRef<Place>(null);
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
