/** The door to preact and htm: what the parts of the page are written in. */

import { options } from "preact";

// Whatever comes between two frames is drawn once.
options.debounceRendering = (draw) => void requestAnimationFrame(draw);

export { html, render } from "htm/preact";
export type { ComponentChildren as Child } from "preact";
export { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

/** The text of a field of a form that was sent; empty where there is none. */
export function fieldOf(event: SubmitEvent, name: string): string {
  const { currentTarget } = event;
  const value = currentTarget instanceof HTMLFormElement ? new FormData(currentTarget).get(name) : null;
  return typeof value === "string" ? value : "";
}
