/** How the plan of each source has changed, and why: the newest of each, for whoever asks later. */

import { parseWith, type z } from "../../runtime/parse.js";
import type { SourceId } from "../../task/identity.js";
import type { PlanChange } from "../../task/reports.js";
import type { HubState } from "./hub-state.js";
import type { StateWriter } from "./state-writer.js";

export interface PlanChanges {
  add(source: SourceId, change: PlanChange): void;
  /** Those at or after, oldest first, that are written. @throws SluiceError `store-corrupt` */
  since(source: SourceId, sinceMs: number): Promise<readonly PlanChange[]>;
  /** Deletes all of them. */
  forget(source: SourceId): void;
}

/** How many changes of plans are kept, and for how long. */
export interface ChangeLimits {
  /** Of one source. Default 256. */
  readonly countMax: number;
  /** Default 30 days. */
  readonly ageMsMax: number;
}

export const CHANGE_LIMITS: ChangeLimits = { countMax: 256, ageMsMax: 30 * 86_400_000 };

/** Older ones are looked for once in so many changes of a source: so many may be there beyond the limit. */
const TRIM_EVERY = 16;
/** Digits of an epoch, which is below 2^48. */
const EPOCH_DIGITS = 15;

interface Written {
  readonly state: Pick<HubState, "range">;
  readonly writer: Pick<StateWriter, "put" | "delete">;
  /** Ms since the Unix epoch. */
  readonly now: () => number;
  readonly form: z.ZodType<PlanChange>;
}

export function createPlanChanges(
  { state, writer, now, form }: Written,
  limits: Partial<ChangeLimits> = {},
): PlanChanges {
  const { countMax, ageMsMax } = { ...CHANGE_LIMITS, ...limits };
  const addedTo = new Map<SourceId, number>();

  const read = async (source: SourceId): Promise<readonly (readonly [key: string, change: PlanChange])[]> =>
    (await state.range("change", { prefix: `${source}/` })).flatMap(([key, value]) => {
      const parsed = parseWith(form, value);
      // One that another version has written is of no use to this one, and goes as it is old enough.
      return parsed.ok ? [[key, parsed.value] as const] : [];
    });

  const trim = async (source: SourceId): Promise<void> => {
    const all = await read(source);
    for (const [index, [key, { atMs }]] of all.entries()) {
      if (index < all.length - countMax || atMs < now() - ageMsMax) writer.delete("change", key);
    }
  };

  return {
    add(source, change) {
      writer.put("change", `${source}/${String(change.epoch).padStart(EPOCH_DIGITS, "0")}`, change);
      const added = (addedTo.get(source) ?? 0) + 1;
      addedTo.set(source, added);
      // What cannot be read now is looked for again with the next ones.
      if (added % TRIM_EVERY === 1) void trim(source).catch(() => {});
    },

    async since(source, sinceMs) {
      const fromMs = Math.max(sinceMs, now() - ageMsMax);
      const changes = (await read(source)).map(([, change]) => change);
      return changes.slice(-countMax).filter(({ atMs }) => atMs >= fromMs);
    },

    forget(source) {
      addedTo.delete(source);
      void state
        .range("change", { prefix: `${source}/` })
        .then((entries) => entries.forEach(([key]) => writer.delete("change", key)))
        .catch(() => {});
    },
  };
}
