/** What the newest result found, where it is in the picture: boxes with their names and numbers. */

import type { StoredResult } from "../../src/task/record.js";
import type { Detection } from "../../src/task/service.js";
import { html } from "./view.js";

interface Found {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly text: string;
  /** Boxes of one thing have one colour. */
  readonly hue: number;
}

/** Of the last frame of the last stage that found anything. */
function foundIn({ hops, results }: StoredResult): readonly Found[] {
  for (const { stage } of hops.toReversed()) {
    const found = results[stage]?.frames.at(-1) ?? [];
    if (found.length > 0) return found.map(placeOf);
  }
  return [];
}

function placeOf({ x, y, width, height, label, trackId }: Detection): Found {
  const text = trackId === undefined ? label : `${label} ${trackId}`;
  // Neighbours on the wheel of colours are far apart.
  return { x, y, width, height, text, hue: trackId === undefined ? 200 : (trackId * 137) % 360 };
}

export function Boxes({ result }: { readonly result: StoredResult }) {
  const { width, height } = result.configuration;
  const found = foundIn(result);
  return html`<figure class="boxes" data-frame-us=${result.framePtsUs.at(-1)}>
    <svg viewBox=${`0 0 ${width} ${height}`} role="img" aria-label=${captionOf(found)}>
      <rect class="picture" width=${width} height=${height} />
      ${found.map(
        (box) =>
          html`<g>
            <rect
              class="box"
              x=${box.x * width}
              y=${box.y * height}
              width=${box.width * width}
              height=${box.height * height}
              stroke=${`hsl(${box.hue} 80% 50%)`}
            />
            <text
              x=${box.x * width}
              y=${Math.max(height / 30, box.y * height - height / 60)}
              font-size=${height / 24}
            >
              ${box.text}
            </text>
          </g>`,
      )}
    </svg>
    <figcaption>${captionOf(found)}</figcaption>
  </figure>`;
}

function captionOf(found: readonly Found[]): string {
  return found.length === 0
    ? "Nothing is seen"
    : `${found.length} seen: ${found.map(({ text }) => text).join(", ")}`;
}
