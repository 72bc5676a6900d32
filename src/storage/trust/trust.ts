/**
 * What a hub keeps to tell who is who and who speaks for what: the key that those of its nodes are derived from, whose the names
 * of nodes are, to which node each source and version of a pipeline belongs, and what operators said of sources.
 *
 * All but the key lies in the hub's state (`hub/hub-state.ts`).
 */

import { randomBytes } from "node:crypto";
import type { z } from "../../runtime/parse.js";
import { parseSourceId, type SourceId } from "../../task/identity.js";
import type { SourceOrder, SourceOrders } from "../../task/requests.js";
import { createNames, namedForm, type Named, type NameRegistry } from "../../transport/security/names.js";
import type { StateKind } from "../hub/hub-state.js";
import { openKeptMap, type KeptMap } from "../hub/kept-map.js";
import { createStateWriter, type StateWriterOptions } from "../hub/state-writer.js";
import type { Store } from "../results/store.js";
import { KEY_BYTES } from "../store-key.js";
import { createSourceOrders, orderForm } from "./orders.js";
import { createSourceOwners, ownerForm, type Owner, type SourceOwners } from "./owners.js";
import { versionOwnerForm, type VersionOwner } from "./versions.js";

export interface Trust {
  /** 32 bytes that nobody else knows. */
  readonly masterKey: Uint8Array;
  readonly owners: SourceOwners;
  readonly orders: SourceOrders;
  readonly names: NameRegistry;
  /**
   * Resolves once whatever has changed so far is durable; null where it is.
   *
   * @throws SluiceError `store-full`, `store-unwritable`
   */
  readonly written: () => Promise<void> | null;
  /** Waits for what is being written. */
  close(): Promise<void>;
}

/** Of the hub whose store this is. @throws SluiceError `store-unwritable`, `store-corrupt`, `store-format` */
export async function openTrust(
  { state, voucherKey }: Pick<Store, "state" | "voucherKey">,
  options: StateWriterOptions,
): Promise<Trust> {
  const writer = createStateWriter(state, options);
  const opened = <Key extends string, Value>(
    kind: StateKind,
    keyOf: (text: string) => Key,
    form: z.ZodType<Value>,
  ): Promise<KeptMap<Key, Value>> => openKeptMap({ kind, keyOf, form, state, writer });
  const text = (key: string): string => key;
  return createTrust(
    {
      masterKey: await voucherKey(),
      sources: await opened("owner", parseSourceId, ownerForm),
      versions: await opened("pipeline", text, versionOwnerForm),
      orders: await opened("order", parseSourceId, orderForm),
      names: await opened("name", text, namedForm),
    },
    writer,
  );
}

/** Ends with the process. @param masterKey default: random */
export function createMemoryTrust(masterKey: Uint8Array = randomBytes(KEY_BYTES)): Trust {
  const known = { sources: new Map(), versions: new Map(), orders: new Map(), names: new Map() };
  return createTrust({ masterKey, ...known }, { written: () => null, close: () => Promise.resolve() });
}

interface Known {
  readonly masterKey: Uint8Array;
  readonly sources: KeptMap<SourceId, Owner>;
  readonly versions: KeptMap<string, VersionOwner>;
  readonly orders: KeptMap<SourceId, SourceOrder>;
  readonly names: KeptMap<string, Named>;
}

function createTrust(
  { masterKey, sources, versions, orders, names }: Known,
  writer: Pick<Trust, "written" | "close">,
): Trust {
  return {
    masterKey,
    owners: createSourceOwners({ sources, versions }),
    orders: createSourceOrders(orders),
    names: createNames(names, () => writer.written()),
    written: () => writer.written(),
    close: () => writer.close(),
  };
}
