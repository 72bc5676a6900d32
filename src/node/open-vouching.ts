/** What a node vouches with, and of the cloud what it checks others by. */

import type { ActorSystem } from "../runtime/system.js";
import { openTrust } from "../storage/trust/file-trust.js";
import { createMemoryTrust, MASTER_KEY_BYTES, type Trust } from "../storage/trust/trust.js";
import type { NodeName } from "../task/identity.js";
import type { Vouch } from "../task/voucher.js";
import type { Cluster } from "../transport/cluster/cluster.js";
import type { NodeOptions } from "./node-options.js";
import { createNodeKeys, createSpeakers, createVouch, type NodeKeys, type Speakers } from "./vouching.js";
import type { NodeWorld } from "./world.js";

export interface Vouching {
  readonly vouch: Vouch;
  /** Of the cloud alone. */
  readonly cloud: { readonly keys: NodeKeys; readonly speakers: Speakers; readonly trust: Trust } | null;
}

/** Of a node that was told no key: no cloud takes its word. */
const NO_KEY = new Uint8Array(MASTER_KEY_BYTES);

/** @throws SluiceError `store-unwritable`, `store-corrupt` */
export async function openVouching(
  world: NodeWorld,
  { trust: folder, names }: NodeOptions,
  node: {
    readonly system: ActorSystem;
    readonly cloud: NodeName;
    /** Null of a node that has not joined another one's. */
    readonly cluster: Cluster | null;
  },
): Promise<Vouching> {
  const { system, cloud, cluster } = node;
  const { members } = world;
  if (cluster !== null) return { vouch: createVouch(() => cluster.secret ?? NO_KEY), cloud: null };
  if (members !== null && cloud !== system.name) {
    return { vouch: vouchAs(system.name, members.keys), cloud: null };
  }
  const trust =
    world.trust ?? (await (folder === undefined ? createMemoryTrust() : openTrust(folder, system)));
  const keys = members?.keys ?? createNodeKeys(trust.masterKey, await names?.generations());
  const speakers = createSpeakers(keys, trust);
  return { vouch: vouchAs(system.name, keys), cloud: { keys, speakers, trust } };
}

function vouchAs(node: NodeName, keys: NodeKeys): Vouch {
  const key = keys.keyOf(node);
  return createVouch(() => key);
}
