/**
 * How nodes vouch for their tasks, and how the cloud checks it: HMAC-SHA256 under a key of the node's own, which the hub derives
 * from its master key and hands to the node as it joins.
 */

import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from "node:crypto";
import type { VoucherPort } from "../actors/distributor/spawn.js";
import type { NodeName } from "../task/identity.js";
import { closingText, VOUCHER_BYTES, vouchedText, type Vouch } from "../task/voucher.js";
import type { Task } from "../task/task.js";
import type { SourceOwners } from "../storage/trust/owners.js";
import type { Trust } from "../storage/trust/trust.js";

/** The keys of nodes, by name. */
export interface NodeKeys {
  /** Another one for each generation of the name. */
  keyOf(node: NodeName): Uint8Array;
  /** How often the name has been freed. */
  generationOf(node: NodeName): number;
}

/** Keys that are remembered: names come from the wire. */
const REMEMBERED_MAX = 4_096;

/**
 * @param masterKey 32 bytes that nobody else knows
 * @param generationOf how often a name has been freed by now
 */
export function createNodeKeys(masterKey: Uint8Array, generationOf: (node: NodeName) => number): NodeKeys {
  return {
    generationOf,
    keyOf: (node) =>
      createHmac("sha256", masterKey)
        .update(`sluice node ${node} ${generationOf(node)}`)
        .digest(),
  };
}

/** @param key of this node as it is now: each join brings it again */
export function createVouch(key: () => Uint8Array): Vouch {
  let bytes = key();
  let secret = createSecretKey(bytes);
  return (of) => {
    const now = key();
    if (now !== bytes) secret = createSecretKey((bytes = now));
    return voucherOf(secret, "end" in of ? closingText(of) : vouchedText(of));
  };
}

/** @returns whether the voucher of a task is this node's own */
export function createOwnCheck(vouch: Vouch): (task: Task) => boolean {
  return (task) => task.voucher.length === VOUCHER_BYTES && timingSafeEqual(task.voucher, vouch(task));
}

/** Of the cloud: who speaks for which source. */
export interface Speakers {
  readonly vouchers: VoucherPort;
  readonly owners: SourceOwners;
}

export function createSpeakers(
  keys: NodeKeys,
  { owners, written }: Pick<Trust, "owners" | "written">,
): Speakers {
  const secrets = new Map<NodeName, { readonly generation: number; readonly secret: KeyObject }>();

  function secretOf(node: NodeName): KeyObject {
    const generation = keys.generationOf(node);
    let known = secrets.get(node);
    if (known?.generation !== generation) {
      if (secrets.size >= REMEMBERED_MAX) secrets.clear();
      known = { generation, secret: createSecretKey(keys.keyOf(node)) };
      secrets.set(node, known);
    }
    return known.secret;
  }

  function isOf(node: NodeName, voucher: Uint8Array, text: string): boolean {
    return voucher.length === VOUCHER_BYTES && timingSafeEqual(voucher, voucherOf(secretOf(node), text));
  }

  return {
    owners,
    vouchers: {
      // What it is of says the message, and not what else is in it.
      isVouched: (node, delivery) => isOf(node, delivery.voucher, vouchedText(delivery)),
      isClosingVouched: (node, closing) => isOf(node, closing.voucher, closingText(closing)),
      standing: (node, { sourceId, incarnation }) => owners.confirm(sourceId, node, incarnation),
      written,
    },
  };
}

function voucherOf(secret: KeyObject, text: string): Uint8Array {
  return new Uint8Array(createHmac("sha256", secret).update(text).digest().subarray(0, VOUCHER_BYTES));
}
