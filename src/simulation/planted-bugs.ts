/** Bugs that a simulation plants in its cluster, to show that it finds them. */

import type { Appended, NewRecord, Store } from "../storage/results/store.js";
import type { Journals } from "../storage/journal/journal.js";
import type { GeneratorInbox } from "../actors/generator/state.js";
import type { ControllerMessage } from "../actors/protocol/controller.js";
import type { StoredRecord } from "../task/record.js";
import { parseAddress } from "../runtime/address.js";
import type { Behaviour } from "../runtime/behaviour.js";
import type { Decorate } from "../runtime/system-options.js";
import { propertyOf } from "./property-of.js";
import type { SimulatedProcess } from "./simulated-process.js";
import type { VirtualTime } from "./virtual-time.js";

export const BUG_KINDS = [
  /** The store acknowledges records before they are durable. */
  "ackBeforeFsync",
  /** The store does not deduplicate: a record delivered again is stored again. */
  "skippedDedup",
  /** A node acknowledges a routing table and keeps using the one before. */
  "fencedEpoch",
  /** A join lets a task pass with one branch of several. */
  "forgottenBranch",
  /** A source that is opened again reuses its first incarnation. */
  "reusedIdentity",
  /** A task is delivered once, whatever becomes of it. */
  "noRedelivery",
] as const;

export type BugKind = (typeof BUG_KINDS)[number];

/** A bug as the parts of a node where it sits; the parts that it leaves alone come back as they are. */
export interface PlantedBug {
  /** Wraps the behaviours of a node; null where it changes none. */
  readonly decorate: Decorate | null;
  readonly wrapStore: (store: Store, process: SimulatedProcess, time: VirtualTime) => Store;
  readonly wrapJournals: (journals: Journals) => Journals;
  /** Records that `skippedDedup` has stored a second time. */
  readonly duplicates: readonly StoredRecord[];
}

/** @param kind null plants none */
export function createPlantedBug(kind: BugKind | null): PlantedBug {
  const duplicates: StoredRecord[] = [];
  return {
    duplicates,
    decorate: createDecorator(kind),
    wrapStore(store, process, time) {
      if (kind === "ackBeforeFsync") return acknowledgingEarly(store, process, time);
      return kind === "skippedDedup" ? withoutDedup(store, duplicates) : store;
    },
    wrapJournals: (journals) => (kind === "reusedIdentity" ? reusingIncarnation(journals) : journals),
  };
}

/** Acknowledges at once and writes 100 ms later. */
function acknowledgingEarly(store: Store, process: SimulatedProcess, time: VirtualTime): Store {
  let lost = 0;
  return new Proxy(store, {
    get(target, property) {
      if (property !== "append") return propertyOf(target, property);
      return (records: readonly NewRecord[]): Promise<readonly Appended[]> => {
        time.after(100, () => process.run(() => void target.append(records).catch(() => (lost += 1))));
        return Promise.resolve(
          records.map((record) => ({
            status: "stored",
            record: { ...record, position: target.nextPosition },
          })),
        );
      };
    },
  });
}

/** Keeps beside the store what that refuses as stored already. */
function withoutDedup(store: Store, duplicates: StoredRecord[]): Store {
  return new Proxy(store, {
    get(target, property) {
      if (property !== "append") return propertyOf(target, property);
      return async (records: readonly NewRecord[]): Promise<readonly Appended[]> => {
        const appended = await target.append(records);
        for (const [index, record] of records.entries()) {
          if (appended[index]?.status !== "existing") continue;
          duplicates.push({ ...record, position: DUPLICATES_FROM + duplicates.length });
        }
        return appended;
      };
    },
  });
}

/** Position of the first duplicate, behind all others. */
const DUPLICATES_FROM = 1e9;

function reusingIncarnation(journals: Journals): Journals {
  return {
    repairs: [],
    failure: null,
    holds: (sourceId) => journals.holds(sourceId),
    interrupted: () => journals.interrupted(),
    end: (sourceId) => journals.end(sourceId),
    async open(sourceId, options) {
      const opened = await journals.open(sourceId, options);
      return { ...opened, recovered: { ...opened.recovered, incarnation: 1, entries: [] } };
    },
  };
}

function createDecorator(kind: BugKind | null): Decorate | null {
  const tampering = kind === null ? undefined : TAMPERING[kind];
  if (tampering === undefined) return null;
  return (name, behaviour) =>
    name.startsWith(tampering.actor) ? tampered(behaviour, tampering.change) : behaviour;
}

/** @returns the message that arrives instead; null where none does */
type Change = (message: ControllerMessage | GeneratorInbox, address: string) => unknown;

const TAMPERING: Readonly<Partial<Record<BugKind, { readonly actor: string; readonly change: Change }>>> = {
  fencedEpoch: {
    actor: "controller",
    change(message, address) {
      if (message.type !== "installTable" || message.table.epoch % 3 !== 0) return message;
      const { node } = parseAddress(address);
      message.replyTo.tell({ type: "tableInstalled", node, epoch: message.table.epoch }, "control");
      return null;
    },
  },
  forgottenBranch: {
    actor: "controller",
    change(message) {
      if (message.type !== "submit" || message.task.cameFrom === null) return message;
      if (message.task.id.sequence % 11 !== 5) return message;
      return { ...message, task: { ...message.task, cameFrom: null } };
    },
  },
  noRedelivery: {
    actor: "source-",
    change: (message) => (message.type === "redeliveryDue" ? null : message),
  },
};

function tampered<State, Message>(
  behaviour: Behaviour<State, Message>,
  change: Change,
): Behaviour<State, Message> {
  return {
    ...behaviour,
    receive(state, message, ctx) {
      const changed = change(message as ControllerMessage, ctx.self.address) as Message | null;
      return changed === null ? state : behaviour.receive(state, changed, ctx);
    },
  };
}
