/** What was found, where it is in the picture: boxes with their names and numbers, drawn together with the frame that they are of. */

import type { Found } from "../../src/web/found.js";
import { html, useLayoutEffect, useRef } from "./view.js";

interface BoxesProps {
  readonly frameUs: number | undefined;
  /** Of the frame as it was captured, in pixels. */
  readonly width: number;
  readonly height: number;
  readonly found: readonly Found[];
  /** The frame itself; null where it is not shown. */
  readonly bitmap: ImageBitmap | null;
  /** Whether the caption stands below it, for whoever has room. */
  readonly isCaptioned: boolean;
}

export function Boxes({ frameUs, width, height, found, bitmap, isCaptioned }: BoxesProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  // In the turn in which the boxes move: neither is ever seen without the other.
  useLayoutEffect(() => {
    if (canvas.current === null || bitmap === null) return;
    canvas.current.width = bitmap.width;
    canvas.current.height = bitmap.height;
    canvas.current.getContext("2d")?.drawImage(bitmap, 0, 0);
    bitmap.close();
  }, [bitmap]);
  const caption = captionOf(found);
  return html`<figure class="boxes" data-frame-us=${frameUs}>
    <div class="stack" style=${{ aspectRatio: `${width} / ${height}` }}>
      ${bitmap !== null && html`<canvas ref=${canvas} aria-hidden="true"></canvas>`}
      <svg viewBox=${`0 0 ${width} ${height}`} role="img" aria-label=${caption}>
        <rect class=${bitmap === null ? "picture empty" : "picture"} width=${width} height=${height} />
        ${found.map((box) => html`<${Box} ...${box} of=${{ width, height }} />`)}
      </svg>
    </div>
    ${isCaptioned && html`<figcaption>${caption}</figcaption>`}
  </figure>`;
}

interface BoxProps extends Found {
  readonly of: { readonly width: number; readonly height: number };
}

function Box({ x, y, width, height, trackId, of, ...found }: BoxProps) {
  // Neighbours on the wheel of colours are far apart; boxes of one thing have one colour.
  const hue = trackId === null ? 200 : (trackId * 137) % 360;
  return html`<g>
    <rect
      class="box"
      x=${x * of.width}
      y=${y * of.height}
      width=${width * of.width}
      height=${height * of.height}
      stroke=${`hsl(${hue} 90% 55%)`}
    />
    <text
      x=${x * of.width}
      y=${Math.max(of.height / 30, y * of.height - of.height / 60)}
      font-size=${of.height / 22}
    >
      ${textOf({ trackId, label: found.label })}
    </text>
  </g>`;
}

function textOf({ label, trackId }: Pick<Found, "label" | "trackId">): string {
  return trackId === null ? label : `${label} ${trackId}`;
}

function captionOf(found: readonly Found[]): string {
  return found.length === 0 ? "Nothing is seen" : `${found.length} seen: ${found.map(textOf).join(", ")}`;
}
