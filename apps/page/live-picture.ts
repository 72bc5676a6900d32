/** The live picture of a source, asked for while it is in sight. */

import type { SourceId } from "../../src/task/identity.js";
import { Boxes } from "./boxes.js";
import type { DecodedPicture, PictureFeed } from "./pictures.js";
import { html, useEffect, useRef, useState, type Child } from "./view.js";

interface LivePictureProps {
  readonly source: SourceId;
  readonly feed: PictureFeed;
  readonly fps: number;
  readonly widthMax: number;
  readonly isCaptioned: boolean;
  /** In its place while there is none. */
  readonly children?: Child;
}

export function LivePicture({ source, feed, fps, widthMax, isCaptioned, children }: LivePictureProps) {
  const place = useRef<HTMLDivElement>(null);
  const [picture, setPicture] = useState<DecodedPicture | null>(null);
  useEffect(() => {
    if (place.current === null) return undefined;
    let end = (): void => {};
    const seen = new IntersectionObserver((entries) => {
      end();
      end =
        entries.at(-1)?.isIntersecting === true ? feed.look({ source, fps, widthMax }, setPicture) : () => {};
    });
    seen.observe(place.current);
    return () => {
      seen.disconnect();
      end();
    };
  }, [source, feed, fps, widthMax]);
  return html`<div ref=${place} class="live">
    ${picture === null ? children : html`<${Boxes} ...${picture} isCaptioned=${isCaptioned} />`}
  </div>`;
}
