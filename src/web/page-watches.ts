/** What a page watches: of each topic one thing at a time. */

import { errorText } from "../runtime/errors.js";
import type { SourceId } from "../task/identity.js";
import type { PageHub } from "./page-hub.js";
import type { PageMessage, Watch } from "./page-protocol.js";

const GAPS_MS = 1_000;

export interface PageWatches {
  /** In the place of what was watched of the topic. */
  begin(watch: Watch): void;
  end(topic: Watch["topic"]): void;
  endAll(): void;
}

export interface WatchOptions {
  readonly tell: (message: PageMessage) => void;
  /** Whether the page reads too slowly for one more record. */
  readonly isBehind: () => boolean;
  /** Whether anything at all waits to be read, so that a picture is left out. */
  readonly isBusy: () => boolean;
}

export function createPageWatches(hub: PageHub, { tell, isBehind, isBusy }: WatchOptions): PageWatches {
  const watches = new Map<Watch["topic"], () => void>();

  function begun(watch: Watch): () => void {
    if (watch.topic === "records") return followRecords(watch.source);
    if (watch.topic === "pictures") return followPictures(watch);
    if (watch.topic === "cluster") {
      return hub.feed.subscribe((snapshot) => tell({ type: "cluster", ...snapshot }));
    }
    if (watch.topic === "gaps") return followGaps();
    if (watch.topic === "audit") return hub.audits.look((state) => tell({ type: "audit", state }));
    tell({ type: "events", events: hub.events.newest() });
    return hub.events.subscribe((event) => tell({ type: "events", events: [event] }));
  }

  /** Once a second, where there is something new. */
  function followGaps(): () => void {
    const { clock } = hub.system;
    let told = -1;
    let timer = clock.after(0, look);
    function look(): void {
      if (hub.gaps.version !== told) {
        told = hub.gaps.version;
        tell({ type: "gaps", ...hub.gaps.report(clock.now()) });
      }
      timer = clock.after(GAPS_MS, look);
    }
    return () => timer.cancel();
  }

  function followRecords(source: SourceId): () => void {
    const following: { over: boolean; end: () => void } = { over: false, end: () => {} };
    let left = 0;
    const follow = async (): Promise<void> => {
      const { nextPosition } = await hub.operator.statement();
      if (following.over) return;
      following.end = hub.operator.follow(nextPosition, source, (event) => {
        if (event.type !== "record") return;
        if (isBehind()) {
          left += 1;
          return;
        }
        tell({ type: "record", record: event.record, left });
        left = 0;
      });
    };
    follow().catch((thrown: unknown) => {
      hub.system.log.warn("Cannot follow the store for a page", { error: errorText(thrown) });
    });
    return () => {
      following.over = true;
      following.end();
    };
  }

  /** Somebody else may want more of a source than this page does. */
  function followPictures({ looks }: Extract<Watch, { readonly topic: "pictures" }>): () => void {
    const { clock } = hub.system;
    const paces = new Map(
      looks.map(({ source, fps }) => [source, { periodMs: 1_000 / fps, dueAtMs: 0, left: 0 }]),
    );
    return hub.pictures.look(looks, ({ picture, found }) => {
      const { id, ptsUs, width, height, jpeg } = picture;
      const pace = paces.get(id.sourceId);
      if (pace === undefined) return;
      const nowMs = clock.monotonic();
      pace.left += picture.left;
      if (nowMs < pace.dueAtMs) return;
      if (isBusy()) {
        pace.left += 1;
        return;
      }
      pace.dueAtMs = Math.max(pace.dueAtMs + pace.periodMs, nowMs + pace.periodMs / 2);
      const { left } = pace;
      pace.left = 0;
      const text = Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength).toString("base64");
      tell({ type: "picture", source: id.sourceId, frameUs: ptsUs, width, height, jpeg: text, found, left });
    });
  }

  function end(topic: Watch["topic"]): void {
    watches.get(topic)?.();
    watches.delete(topic);
  }

  return {
    begin(watch) {
      end(watch.topic);
      watches.set(watch.topic, begun(watch));
    },
    end,
    endAll() {
      for (const topic of watches.keys()) end(topic);
    },
  };
}
