/** What is claimed of others' tasks, and whether those come to their own end all the same. */

import type { Vouch } from "../../../src/task/voucher.js";
import { must } from "./attack.js";
import type { Line } from "./follower.js";
import type { Scene } from "./scene.js";
import { FORGED, originOf, vouchedBy } from "./tasks.js";

type Id = Line["id"];
type Fields = Readonly<Record<string, unknown>>;
type Make = (id: Id, change: Fields) => Fields;

interface Claimant {
  readonly name: string;
  readonly vouch: Vouch;
}

/** For all of these to be stored, in ms. */
const HONEST_MS = 90_000;

/** Every one of these has its own result, whatever was said of it before. */
export async function allHonest(scene: Scene, ids: readonly Id[]): Promise<void> {
  const last = ids.at(-1);
  if (last === undefined) return;
  const records = (lines: readonly Line[]) =>
    lines.filter(
      ({ id }) =>
        id.sourceId === last.sourceId &&
        id.incarnation === last.incarnation &&
        ids.some(({ sequence }) => sequence === id.sequence),
    );
  await scene.follower
    .until((lines) => records(lines).length >= ids.length, HONEST_MS, `tasks up to ${last.sequence}`)
    .catch(() => must(false, `tasks of "${last.sourceId}" are not stored any more`));
  const forged = records(scene.follower.lines).filter((line) => JSON.stringify(line).includes(FORGED));
  must(forged.length === 0, `${forged.length} of ${ids.length} tasks of "${last.sourceId}" were forged`);
  const gaps = records(scene.follower.lines).filter(({ type }) => type !== "result");
  must(gaps.length === 0, `${gaps.length} of ${ids.length} tasks of "${last.sourceId}" were dropped`);
}

/** A record of another's, vouched for by nobody, by the edge's own key, and as if the source were the edge's own. */
export function forgeries({ vouch, name }: Claimant, id: Id, make: Make): readonly Fields[] {
  return [
    make(id, {}),
    vouchedBy(vouch, make(id, {})),
    vouchedBy(vouch, make(id, { origin: originOf(name, id) })),
  ];
}

/** What a node says of a source of its own, vouched for as it should be. */
export function own({ vouch, name }: Claimant, make: Make, id: Id, change: Fields = {}): Fields {
  return vouchedBy(vouch, make(id, { origin: originOf(name, id), ...change }));
}
