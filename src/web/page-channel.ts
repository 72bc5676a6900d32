/**
 * One page that is open, over its WebSocket.
 *
 * WP1 A page tells nobody what its role may not, wherever the actor is: the gate is here, since other nodes would take the
 *     hub's word.
 * WP2 What is told and not read is bounded, of each page and of all: records are left out and counted, an answer that is too large
 *     fails, and a page that reads nothing at all is closed.
 * WP3 A page whose session is over is closed within a few seconds, one that says nothing within half a minute, and every one as
 *     the hub stops.
 */

import { parseWith, z } from "../runtime/parse.js";
import type { Channel } from "../transport/carrier.js";
import { PICTURE_LIMITS } from "../task/picture.js";
import { parseSourceId } from "../task/identity.js";
import { createPageAsks } from "./page-asks.js";
import type { ReaderRole } from "./caller.js";
import type { PageHub } from "./page-hub.js";
import { pageJson, type PageMessage, type PageRequest } from "./page-protocol.js";
import { createPageWatches } from "./page-watches.js";
import { Unread } from "./unread.js";

/** Unsent bytes from which pictures are left out, then records, and from which the page is closed. */
const PICTURES_BYTES_MAX = 256 * 1024;
const RECORDS_BYTES_MAX = 1024 * 1024;
const UNSENT_BYTES_MAX = 8 * 1024 * 1024;
/** Of one message: far more than any table has. */
const MESSAGE_BYTES_MAX = 4 * 1024 * 1024;
const CHECK_MS = 2_000;
const SILENCE_MS_MAX = 30_000;
/** Sources that one page looks at. */
const LOOKS_MAX = 128;

const requestForm: z.ZodType<PageRequest> = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("ask"),
    id: z.number().int(),
    to: z.string().max(500),
    message: z.record(z.string(), z.unknown()),
  }),
  z.object({
    type: z.literal("watch"),
    watch: z.discriminatedUnion("topic", [
      z.object({ topic: z.literal("cluster") }),
      z.object({ topic: z.literal("events") }),
      z.object({ topic: z.literal("gaps") }),
      z.object({ topic: z.literal("audit") }),
      z.object({
        topic: z.literal("pictures"),
        looks: z
          .array(
            z.object({
              source: z.string().transform(parseSourceId),
              fps: z.number().gt(0).max(PICTURE_LIMITS.fps),
              widthMax: z.number().int().min(PICTURE_LIMITS.widthMin).max(PICTURE_LIMITS.widthMax),
            }),
          )
          .max(LOOKS_MAX),
      }),
      z.object({ topic: z.literal("records"), source: z.string().transform(parseSourceId) }),
    ]),
  }),
  z.object({
    type: z.literal("unwatch"),
    topic: z.enum(["cluster", "events", "records", "pictures", "gaps", "audit"]),
  }),
  z.object({ type: z.literal("alive") }),
]);

export interface PageOptions {
  /** By which it is held to what it may say. */
  readonly role: ReaderRole;
  /** Whether the page's session is in force. */
  readonly holds: () => Promise<boolean>;
  readonly onClosed: () => void;
}

export function openPage(channel: Channel, hub: PageHub, { role, holds, onClosed }: PageOptions): void {
  const { system, operator, version } = hub;
  const ask = createPageAsks(hub, role, tell);
  const watches = createPageWatches(hub, {
    tell,
    isBehind: () => channel.bufferedBytes > RECORDS_BYTES_MAX,
    isBusy: () => channel.bufferedBytes > PICTURES_BYTES_MAX,
  });
  const unread = new Unread(hub.memory, `page ${channel.remote}`);
  let isOpen = true;
  let heardAtMs = system.clock.monotonic();
  const withHub = system.shutdown.addTask({
    phase: "leave",
    name: `page ${channel.remote}`,
    run: () => channel.close("The hub stops"),
  });
  let timer = system.clock.after(CHECK_MS, () => void check());

  async function check(): Promise<void> {
    const still = await holds();
    if (!isOpen) return;
    if (!still) channel.close("The session is over: sign in again");
    else if (system.clock.monotonic() - heardAtMs > SILENCE_MS_MAX) channel.close("The page is silent");
    else {
      unread.take(channel.bufferedBytes, 0);
      timer = system.clock.after(CHECK_MS, () => void check());
    }
  }

  function tell(message: PageMessage): void {
    if (!isOpen) return;
    const bytes = Buffer.from(pageJson(message));
    if (bytes.length > MESSAGE_BYTES_MAX) {
      tooLarge(message, bytes.length);
      return;
    }
    const { bufferedBytes } = channel;
    if (bufferedBytes <= UNSENT_BYTES_MAX && unread.take(bufferedBytes, bytes.length)) {
      channel.send(bytes);
      return;
    }
    hub.countRefusal("page-slow", `${bufferedBytes} bytes wait for ${channel.remote}`);
    channel.destroy();
  }

  function tooLarge(message: PageMessage, bytes: number): void {
    hub.countRefusal("page-too-large", `a ${message.type} of ${bytes} bytes for ${channel.remote}`);
    if (message.type !== "reply") return;
    const problem = `The answer has ${bytes} bytes, and a page takes ${MESSAGE_BYTES_MAX}: ask for less at once`;
    tell({ type: "failed", id: message.id, code: "message-too-large", problem });
  }

  function receive(request: PageRequest): void {
    if (request.type === "ask") ask(request);
    else if (request.type === "watch") watches.begin(request.watch);
    else if (request.type === "unwatch") watches.end(request.topic);
  }

  channel.start({
    onFrame(frame) {
      heardAtMs = system.clock.monotonic();
      const request = parseFrame(frame);
      if (request !== null) {
        receive(request);
        return;
      }
      hub.countRefusal("page-malformed", `what is no request of a page, from ${channel.remote}`);
      channel.close("That is no request of a page");
    },
    onClose() {
      isOpen = false;
      unread.close();
      timer.cancel();
      withHub();
      watches.endAll();
      onClosed();
    },
  });
  tell({ type: "hello", hub: system.name, cluster: operator.cluster.name, version, role });
}

/** Null of what no page says; names that are none are thrown out by the form. */
function parseFrame(frame: Uint8Array): PageRequest | null {
  try {
    const json: unknown = JSON.parse(
      Buffer.from(frame.buffer, frame.byteOffset, frame.length).toString("utf8"),
    );
    const parsed = parseWith(requestForm, json);
    return parsed.ok ? parsed.value : null;
  } catch {
    return null;
  }
}
