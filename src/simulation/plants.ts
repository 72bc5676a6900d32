/** Defects that a simulation is given on purpose, to show that it finds them. */

import type { Appended, NewRecord, Store } from "../storage/results/store.js";
import type { Journals } from "../storage/journal/journal.js";
import type { GeneratorInbox } from "../actors/generator/state.js";
import type { ControllerMessage } from "../actors/protocol/controller.js";
import type { StoredRecord } from "../task/record.js";
import { parseAddress } from "../runtime/address.js";
import type { Behaviour } from "../runtime/behaviour.js";
import type { Decorate } from "../runtime/system-options.js";
import type { Life } from "./life.js";
import type { Timeline } from "./timeline.js";

export const PLANTS = [
  /** The store says that records are durable before they are. */
  "ackBeforeFsync",
  /** The store takes a record for new however often it comes. */
  "skippedDedup",
  /** A node acknowledges a table and goes on with the one before. */
  "fencedEpoch",
  /** A join lets a task pass with one branch of several. */
  "forgottenBranch",
  /** A node that starts anew uses an incarnation again. */
  "reusedIdentity",
  /** A task is delivered once, whatever becomes of it. */
  "noRedelivery",
] as const;

export type Plant = (typeof PLANTS)[number];

export interface Plants {
  readonly decorate: Decorate | null;
  readonly store: (store: Store, life: Life, timeline: Timeline) => Store;
  readonly journals: (journals: Journals) => Journals;
  /** Records that a store took that knows nobody. */
  readonly doubles: readonly StoredRecord[];
}

export function plantsOf(plant: Plant | null): Plants {
  const doubles: StoredRecord[] = [];
  return {
    doubles,
    decorate: decoratorOf(plant),
    store(store, life, timeline) {
      if (plant === "ackBeforeFsync") return hasty(store, life, timeline);
      return plant === "skippedDedup" ? forgetful(store, doubles) : store;
    },
    journals: (journals) => (plant === "reusedIdentity" ? reusing(journals) : journals),
  };
}

/** Answers at once and writes a while later. */
function hasty(store: Store, life: Life, timeline: Timeline): Store {
  let lost = 0;
  return new Proxy(store, {
    get(target, property) {
      if (property !== "append") return Reflect.get(target, property, target) as unknown;
      return (records: readonly NewRecord[]): Promise<readonly Appended[]> => {
        timeline.after(100, () => life.run(() => void target.append(records).catch(() => (lost += 1))));
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

/** Takes a record for new however often it comes: what the memory below it refuses lies beside it. */
function forgetful(store: Store, doubles: StoredRecord[]): Store {
  return new Proxy(store, {
    get(target, property) {
      if (property !== "append") return Reflect.get(target, property, target) as unknown;
      return async (records: readonly NewRecord[]): Promise<readonly Appended[]> => {
        const appended = await target.append(records);
        for (const [index, record] of records.entries()) {
          if (appended[index]?.status !== "existing") continue;
          doubles.push({ ...record, position: DOUBLES_FROM + doubles.length });
        }
        return appended;
      };
    },
  });
}

/** Position of the first double, behind all others. */
const DOUBLES_FROM = 1e9;

function reusing(journals: Journals): Journals {
  return {
    ...journals,
    async open(sourceId, options) {
      const opened = await journals.open(sourceId, options);
      return { ...opened, recovered: { ...opened.recovered, incarnation: 1, entries: [] } };
    },
  };
}

function decoratorOf(plant: Plant | null): Decorate | null {
  const tampering = plant === null ? undefined : TAMPERING[plant];
  if (tampering === undefined) return null;
  return (name, behaviour) =>
    name.startsWith(tampering.actor) ? tampered(behaviour, tampering.change) : behaviour;
}

/** Null in place of a message that is not to arrive. */
type Change = (message: ControllerMessage | GeneratorInbox, address: string) => unknown;

const TAMPERING: Readonly<Partial<Record<Plant, { readonly actor: string; readonly change: Change }>>> = {
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
