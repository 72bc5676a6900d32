/**
 * The pictures that pages look at: asked of the node of each source while somebody looks, and handed on with what was found.
 *
 * PK1 A node is asked for as much as the one who wants most; it is asked again while somebody looks, told as soon as nobody does,
 *     and stops by itself where it hears nothing.
 * PK2 A node shows its own sources alone, whatever it says.
 * PK3 Nothing is stored.
 */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { Behaviour } from "../../runtime/behaviour.js";
import type { TimerHandle } from "../../runtime/clock.js";
import { errorText } from "../../runtime/errors.js";
import type { AgentMessage } from "../../actors/protocol/agent.js";
import type { PictureMessage } from "../../actors/protocol/pictures.js";
import type { Operator } from "../../operator/operator.js";
import { secretName } from "../../operator/secret-name.js";
import type { NodeName, SourceId } from "../../task/identity.js";
import type { Picture, PictureLook } from "../../task/picture.js";
import { PictureJoin, type ShownPicture } from "./picture-join.js";

/** What somebody wants to see. */
type SourceLook = { readonly source: SourceId } & Pick<PictureLook, "fps" | "widthMax">;

export interface PictureDesk {
  /** Each picture with what was found in it, as it is known. @returns ends it */
  look(looks: readonly SourceLook[], listener: (shown: ShownPicture) => void): () => void;
  /** The next frame as it is captured; null where none comes in time. */
  next(source: SourceId, widthMax: number): Promise<Picture | null>;
}

const RENEW_MS = 5_000;
const LOOK_MS = 12_000;
const NEXT_MS = 10_000;

interface Looker {
  readonly looks: ReadonlyMap<SourceId, SourceLook>;
  readonly onPicture: (picture: Picture) => void;
  readonly onShown: (shown: ShownPicture) => void;
}

interface Watcher {
  readonly ref: ActorRef<PictureMessage>;
  readonly agent: ActorRef<AgentMessage>;
}

export function createPictureDesk(operator: Operator): PictureDesk {
  const { system } = operator;
  const { clock, log } = system;
  const join = new PictureJoin();
  const lookers = new Set<Looker>();
  const watchers = new Map<NodeName, Watcher>();
  /** Of the sources that somebody looks at: where each runs, as far as it is known, and what was asked of it. */
  const asked = new Map<SourceId, { readonly node: NodeName; readonly look: SourceLook }>();
  let timer: TimerHandle | null = null;
  let unfollow: (() => void) | null = null;

  function watcherOf(node: NodeName): Watcher {
    let watcher = watchers.get(node);
    if (watcher === undefined) {
      const ref = system.spawn(
        receivePictures((picture) => onPicture(node, picture)),
        {
          name: secretName(system, `pictures-of-${node}`),
          mailbox: { capacity: 1_000 },
        },
      );
      watcher = { ref, agent: system.resolve<AgentMessage>(`sluice://${node}/agent`) };
      watchers.set(node, watcher);
    }
    return watcher;
  }

  function onPicture(node: NodeName, picture: Picture): void {
    const { sourceId } = picture.id;
    // A node shows its own sources alone.
    if (asked.get(sourceId)?.node !== node) return;
    const interested = [...lookers].filter(({ looks }) => looks.has(sourceId));
    if (interested.length === 0) return;
    for (const looker of interested) looker.onPicture(picture);
    tell(join.picture(picture));
  }

  function tell(shown: ShownPicture | null): void {
    if (shown === null) return;
    for (const { looks, onShown } of lookers) if (looks.has(shown.picture.id.sourceId)) onShown(shown);
  }

  /** What is wanted of each source, by all together. */
  function wanted(): ReadonlyMap<SourceId, SourceLook> {
    const all = new Map<SourceId, SourceLook>();
    for (const { looks } of lookers) {
      for (const [source, look] of looks) {
        const known = all.get(source);
        all.set(source, {
          source,
          fps: Math.max(look.fps, known?.fps ?? 0),
          widthMax: Math.max(look.widthMax, known?.widthMax ?? 0),
        });
      }
    }
    return all;
  }

  function order(node: NodeName, { source, fps, widthMax }: SourceLook, forMs: number): void {
    const { ref, agent } = watcherOf(node);
    agent.tell({ type: "watchPictures", sourceId: source, look: { fps, widthMax, forMs }, watcher: ref });
  }

  async function renew(): Promise<void> {
    timer?.cancel();
    timer = clock.after(RENEW_MS, () => void renew());
    let reports: Awaited<ReturnType<Operator["sources"]>>;
    try {
      reports = await operator.sources();
    } catch (thrown) {
      log.warn("Cannot look for the nodes of pictures", { error: errorText(thrown) });
      return;
    }
    for (const look of wanted().values()) {
      const node = reports[look.source]?.node;
      if (node === undefined) continue;
      asked.set(look.source, { node, look });
      order(node, look, LOOK_MS);
    }
  }

  /** The lookers have changed. */
  function changed(): void {
    const all = wanted();
    for (const [source, { node, look }] of asked) {
      if (all.has(source)) continue;
      order(node, look, 1);
      asked.delete(source);
      join.end(source);
    }
    for (const source of all.keys()) join.begin(source);
    if (all.size > 0) {
      if (unfollow === null) void follow();
      void renew();
      return;
    }
    timer?.cancel();
    timer = null;
    unfollow?.();
    unfollow = null;
    for (const { ref } of watchers.values()) void system.stop(ref);
    watchers.clear();
  }

  async function follow(): Promise<void> {
    const following: { over: boolean; end: () => void } = { over: false, end: () => {} };
    unfollow = () => {
      following.over = true;
      following.end();
    };
    try {
      const { nextPosition } = await operator.statement();
      if (following.over) return;
      following.end = operator.follow(nextPosition, null, (event) => {
        if (event.type === "record" && event.record.type === "result") tell(join.result(event.record));
      });
    } catch (thrown) {
      log.warn("Cannot follow the store for pictures", { error: errorText(thrown) });
    }
  }

  function add(looker: Looker): () => void {
    lookers.add(looker);
    changed();
    return () => {
      if (lookers.delete(looker)) changed();
    };
  }

  return {
    look: (looks, onShown) =>
      add({ looks: new Map(looks.map((look) => [look.source, look])), onPicture: () => {}, onShown }),
    next: (source, widthMax) =>
      new Promise((resolve) => {
        const finish = (picture: Picture | null): void => {
          late.cancel();
          end();
          resolve(picture);
        };
        const late = clock.after(NEXT_MS, () => finish(null));
        const looks = new Map([[source, { source, fps: 2, widthMax }]]);
        const end = add({ looks, onPicture: finish, onShown: () => {} });
      }),
  };
}

function receivePictures(onPicture: (picture: Picture) => void): Behaviour<null, PictureMessage> {
  return {
    start: () => null,
    receive(state, { picture, replyTo }) {
      replyTo.tell({ type: "pictureTaken" });
      onPicture(picture);
      return state;
    },
  };
}
