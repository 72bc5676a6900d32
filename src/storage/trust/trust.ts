/**
 * What a hub keeps to tell who is who and who speaks for what: the key that those of its nodes are derived from, whose the names
 * of nodes are, to which node each source and version of a pipeline belongs, and what operators said of sources.
 *
 * All but the key lies in the hub's state (`hub/hub-state.ts`).
 */

import { randomBytes } from "node:crypto";
import { parseWith, z } from "../../runtime/parse.js";
import { systemClock } from "../../runtime/clock.js";
import type { HostedSource } from "../../task/hosting.js";
import { parseSourceId, type SourceId } from "../../task/identity.js";
import type { SourceOrder, SourceOrders } from "../../task/requests.js";
import { createNames, namedForm, type Named, type NameRegistry } from "../../transport/security/names.js";
import {
  openSessionNumbers,
  passingSessionNumbers,
  sessionAt,
  type SessionNumbers,
} from "../../transport/security/sessions.js";
import { SluiceError } from "../../task/errors.js";
import type { HubState, StateKind } from "../hub/hub-state.js";
import { openKeptMap, type KeptMap } from "../hub/kept-map.js";
import { createStateWriter, type StateWriterOptions } from "../hub/state-writer.js";
import type { Store } from "../results/store.js";
import { storeError } from "../storage-error.js";
import { KEY_BYTES } from "../store-key.js";
import { hostedForm } from "./hosted.js";
import { createSourceOrders, orderForm } from "./orders.js";
import { createSourceOwners, ownerForm, type Owner, type SourceOwners } from "./owners.js";
import { versionOwnerForm, type VersionOwner } from "./versions.js";

export interface Trust {
  /** 32 bytes that nobody else knows. */
  readonly masterKey: Uint8Array;
  readonly owners: SourceOwners;
  readonly orders: SourceOrders;
  /** Sources that any of several nodes may capture. Who orders them bounds them. */
  readonly hosted: KeptMap<SourceId, HostedSource>;
  readonly names: NameRegistry;
  /** Of its members. */
  readonly sessions: SessionNumbers;
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
      hosted: await opened("hosted", parseSourceId, hostedForm),
      names: await opened("name", text, namedForm),
      sessions: await openSessions(state, options),
    },
    writer,
  );
}

const TAKEN = "taken";
const takenForm = z.number().int().min(1).max(0xffffffff);

async function openSessions(
  state: Pick<HubState, "get" | "write">,
  { clock }: StateWriterOptions,
): Promise<SessionNumbers> {
  const kept = await state.get("session", TAKEN);
  const parsed = kept === undefined ? null : parseWith(takenForm, kept);
  if (parsed?.ok === false) {
    const text = `Cannot read up to where sessions are taken in the hub's state: ${parsed.problem}`;
    throw new SluiceError(text, { code: "store-format" });
  }
  const from = parsed === null ? sessionAt(clock.now()) : parsed.value + 1;
  return await openSessionNumbers(from, async (upTo) => {
    try {
      await state.write([{ type: "put", kind: "session", key: TAKEN, value: upTo }]);
    } catch (error) {
      throw storeError("write the hub's state", error);
    }
  });
}

/** Ends with the process. @param masterKey default: random */
export function createMemoryTrust(masterKey: Uint8Array = randomBytes(KEY_BYTES)): Trust {
  const known = {
    sources: new Map(),
    versions: new Map(),
    orders: new Map(),
    hosted: new Map(),
    names: new Map(),
    sessions: passingSessionNumbers(systemClock.now()),
  };
  return createTrust({ masterKey, ...known }, { written: () => null, close: () => Promise.resolve() });
}

interface Known {
  readonly masterKey: Uint8Array;
  readonly sources: KeptMap<SourceId, Owner>;
  readonly versions: KeptMap<string, VersionOwner>;
  readonly orders: KeptMap<SourceId, SourceOrder>;
  readonly hosted: KeptMap<SourceId, HostedSource>;
  readonly names: KeptMap<string, Named>;
  readonly sessions: SessionNumbers;
}

function createTrust(
  { masterKey, sources, versions, orders, hosted, names, sessions }: Known,
  writer: Pick<Trust, "written" | "close">,
): Trust {
  return {
    masterKey,
    owners: createSourceOwners({ sources, versions }),
    orders: createSourceOrders(orders),
    hosted,
    names: createNames(names, () => writer.written()),
    sessions,
    written: () => writer.written(),
    close: () => writer.close(),
  };
}
