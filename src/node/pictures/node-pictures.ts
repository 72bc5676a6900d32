/**
 * The pictures that a node sends to whoever looks at its sources.
 *
 * NP1 Nothing is encoded or sent of a source that nobody looks at, and no look lasts longer than it says.
 * NP2 A picture is the first thing that is left out: where anything waits for the link, or another picture of the source or
 *     of too many others is under way. What is left out is counted, and said with the next picture.
 * NP3 A picture is of a task: by its identity it meets the result that it belongs to.
 */

import type { ActorRef } from "../../runtime/actor-ref.js";
import { errorText } from "../../runtime/errors.js";
import type { ActorSystem } from "../../runtime/system.js";
import type { PictureMessage, PictureTaken } from "../../actors/protocol/pictures.js";
import type { SourceId } from "../../task/identity.js";
import { PICTURE_LIMITS, type PictureLook, type TaskPicture } from "../../task/picture.js";
import type { EncodePicture } from "./encoder-thread.js";

/** Pictures of all sources of a node that are encoded or under way at a time. */
const UNDER_WAY_MAX = 8;
/** For the one who looks to take a picture, in ms: a link that needs longer carries none for now. */
const TAKE_MS = 5_000;

interface Looked {
  readonly watcher: ActorRef<PictureMessage>;
  look: PictureLook;
  untilMs: number;
  dueAtMs: number;
  isUnderWay: boolean;
  left: number;
}

export interface NodePictures {
  /** Shows the frame of a task that was just made, where somebody looks and it is due. Costs next to nothing where nobody does. */
  show(picture: TaskPicture): void;
  /** In the place of what was looked at of the source before. One too many is ignored. */
  watch(sourceId: SourceId, look: PictureLook, watcher: ActorRef<PictureMessage>): void;
}

export interface NodePicturesOptions {
  readonly system: Pick<ActorSystem, "clock" | "ask" | "log">;
  readonly encode: EncodePicture;
  /** Whether anything waits to be sent to where pictures go. */
  readonly isBusy: () => boolean;
}

export function createNodePictures({ system, encode, isBusy }: NodePicturesOptions): NodePictures {
  const { clock, log } = system;
  const looks = new Map<SourceId, Looked>();
  let underWay = 0;

  async function send(looked: Looked, picture: TaskPicture): Promise<void> {
    const { left } = looked;
    looked.isUnderWay = true;
    underWay += 1;
    try {
      const jpeg = await encode(picture, looked.look.widthMax);
      const { id, ptsUs, width, height } = picture;
      if (jpeg.byteLength > PICTURE_LIMITS.bytes || isBusy()) {
        looked.left += 1;
        return;
      }
      looked.left -= left;
      await system.ask<PictureMessage, PictureTaken>(
        looked.watcher,
        (replyTo) => ({ type: "picture", picture: { id, ptsUs, width, height, jpeg, left }, replyTo }),
        { timeoutMs: TAKE_MS },
      );
    } catch (thrown) {
      looked.left += 1;
      log.debug("A picture is left out", { source: picture.id.sourceId, error: errorText(thrown) });
    } finally {
      looked.isUnderWay = false;
      underWay -= 1;
    }
  }

  return {
    show(picture) {
      const looked = looks.get(picture.id.sourceId);
      if (looked === undefined) return;
      const nowMs = clock.monotonic();
      if (nowMs >= looked.untilMs) {
        looks.delete(picture.id.sourceId);
        return;
      }
      if (nowMs < looked.dueAtMs) return;
      const periodMs = 1_000 / looked.look.fps;
      // Tasks come when they come: half a period late is made up for.
      looked.dueAtMs = Math.max(looked.dueAtMs + periodMs, nowMs + periodMs / 2);
      if (looked.isUnderWay || underWay >= UNDER_WAY_MAX || isBusy()) looked.left += 1;
      else void send(looked, picture);
    },

    watch(sourceId, look, watcher) {
      const nowMs = clock.monotonic();
      for (const [id, { untilMs }] of looks) if (nowMs >= untilMs) looks.delete(id);
      const known = looks.get(sourceId);
      const untilMs = nowMs + look.forMs;
      if (known?.watcher.address === watcher.address) Object.assign(known, { look, untilMs });
      else if (known !== undefined || looks.size < PICTURE_LIMITS.looks) {
        looks.set(sourceId, { watcher, look, untilMs, dueAtMs: nowMs, isUnderWay: false, left: 0 });
      }
    },
  };
}
