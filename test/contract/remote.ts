/**
 * What every way to other nodes does: the `Remote` of an actor system, seen through two systems that it joins.
 *
 * Where implementations differ on purpose, `RemoteTraits` says how and why.
 */

import { lifecycleContract } from "./remote-lifecycle.js";
import { messagesContract } from "./remote-messages.js";
import { createEachScene, type RemoteSubject, type RemoteTraits } from "./remote-scene.js";

/** @param open joins two fresh systems */
export function remoteContract(name: string, traits: RemoteTraits, open: () => Promise<RemoteSubject>): void {
  const each = createEachScene(name, traits, open);
  messagesContract(each);
  lifecycleContract(each);
}
