/** What whoever looks at the pictures of a node receives. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { Picture } from "../../task/picture.js";

export type PictureMessage = {
  readonly type: "picture";
  readonly picture: Picture;
  /** Until it is answered the node sends no other one of the source. */
  readonly replyTo: ActorRef<PictureTaken>;
};

export interface PictureTaken {
  readonly type: "pictureTaken";
}
