/** The pictures that are looked at: what is seen of the page is asked for, and each comes to its place as it is decoded. */

import type { SourceId } from "../../src/task/identity.js";
import type { PagePicture } from "../../src/web/page-protocol.js";
import type { Connection } from "./connection.js";

/** A picture that can be drawn at once. */
export interface DecodedPicture extends Omit<PagePicture, "jpeg"> {
  readonly bitmap: ImageBitmap;
}

export interface PictureFeed {
  /** @returns ends it */
  look(look: Look, listener: (picture: DecodedPicture) => void): () => void;
  receive(picture: PagePicture): void;
}

interface Look {
  readonly source: SourceId;
  readonly fps: number;
  readonly widthMax: number;
}

interface Looker {
  readonly look: Look;
  readonly listener: (picture: DecodedPicture) => void;
  /** The newest that came while another one was decoded. */
  next: PagePicture | null;
  isDecoding: boolean;
}

export function createPictureFeed(connection: () => Connection): PictureFeed {
  const lookers = new Set<Looker>();
  let isAsked = false;

  /** Once for all that comes into sight and leaves it at a time. */
  function ask(): void {
    if (isAsked) return;
    isAsked = true;
    queueMicrotask(() => {
      isAsked = false;
      const looks = [...lookers].map(({ look }) => look);
      connection().watch("pictures", looks.length === 0 ? null : { topic: "pictures", looks });
    });
  }

  async function decode(looker: Looker): Promise<void> {
    looker.isDecoding = true;
    while (looker.next !== null) {
      const { jpeg, ...picture } = looker.next;
      looker.next = null;
      const bytes = Uint8Array.from(atob(jpeg), (letter) => letter.charCodeAt(0));
      const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/jpeg" })).catch(() => null);
      if (bitmap !== null && lookers.has(looker)) looker.listener({ ...picture, bitmap });
    }
    looker.isDecoding = false;
  }

  return {
    look(look, listener) {
      const looker: Looker = { look, listener, next: null, isDecoding: false };
      lookers.add(looker);
      ask();
      return () => {
        lookers.delete(looker);
        ask();
      };
    },
    receive(picture) {
      for (const looker of lookers) {
        if (looker.look.source !== picture.source) continue;
        looker.next = picture;
        if (!looker.isDecoding) void decode(looker);
      }
    },
  };
}
