/** The pictures that a node shows of its sources, behind everything else that its way to the hub has to carry. */

import type { ActorSystem } from "../../runtime/system.js";
import type { Holdings } from "../node-holdings.js";
import type { NodeWorld } from "../world.js";
import { createNodePictures, type NodePictures } from "./node-pictures.js";

/** Null where the world makes none. */
export function picturesOf(
  { openPictures }: NodeWorld,
  system: ActorSystem,
  held: Pick<Holdings, "cluster">,
): NodePictures | null {
  if (openPictures === null) return null;
  return createNodePictures({
    system,
    encode: openPictures(system.clock),
    isBusy: () =>
      held.cluster?.links.some(({ kind, queuedBytes }) => kind === "hub" && queuedBytes > 0) ?? false,
  });
}
