/** What a node vouches with, and of the cloud what it checks others by. */

import type { ActorSystem } from "../runtime/system.js";
import type { Store } from "../storage/results/store.js";
import { KEY_BYTES } from "../storage/store-key.js";
import { openTrust, type Trust } from "../storage/trust/trust.js";
import type { NodeName } from "../task/identity.js";
import type { Vouch } from "../task/voucher.js";
import type { Cluster } from "../transport/cluster/cluster.js";
import { createNodeKeys, createSpeakers, createVouch, type NodeKeys, type Speakers } from "./vouching.js";
import type { NodeWorld } from "./world.js";

export interface Vouching {
  readonly vouch: Vouch;
  /** Of the cloud alone. */
  readonly cloud: { readonly keys: NodeKeys; readonly speakers: Speakers; readonly trust: Trust } | null;
}

/** Of a node that was told no key: no cloud takes its word. */
const NO_KEY = new Uint8Array(KEY_BYTES);

/** @throws SluiceError `store-unwritable`, `store-corrupt` */
export async function openVouching(
  { members }: NodeWorld,
  node: {
    readonly system: ActorSystem;
    /** Null of a node that has not joined another one's. */
    readonly cluster: Cluster | null;
    /** Of the cloud alone. */
    readonly store: Store | undefined;
  },
): Promise<Vouching> {
  const { system, cluster, store } = node;
  if (cluster !== null) return { vouch: createVouch(() => cluster.secret ?? NO_KEY), cloud: null };
  if (store === undefined) return { vouch: vouchAs(system.name, members?.keys ?? null), cloud: null };
  const trust = await openTrust(store, system);
  const keys = members?.keys ?? createNodeKeys(trust.masterKey, (name) => trust.names.generationOf(name));
  const speakers = createSpeakers(keys, trust);
  return { vouch: vouchAs(system.name, keys), cloud: { keys, speakers, trust } };
}

function vouchAs(node: NodeName, keys: NodeKeys | null): Vouch {
  const key = keys?.keyOf(node) ?? NO_KEY;
  return createVouch(() => key);
}
