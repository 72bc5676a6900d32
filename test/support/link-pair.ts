/** Two ends of a link in one process, and the frames between them in the hands of the test. */

import type { Executor } from "../../src/runtime/executor.js";
import type { Lane } from "../../src/runtime/actor-ref.js";
import type { Channel } from "../../src/transport/carrier.js";
import { ByteBudget } from "../../src/transport/link/byte-budget.js";
import { Link, type LinkEnd } from "../../src/transport/link/link.js";
import { DEFAULT_LINK_LIMITS, type LinkLimits } from "../../src/transport/link/link-limits.js";
import { RECORD, RECORD_HEADER_BYTES } from "../../src/transport/link/records.js";
import { VirtualClock } from "./virtual-clock.js";

interface Arrived {
  readonly lane: Lane;
  readonly text: string;
  readonly attachments: readonly Uint8Array[];
}

export interface LinkSide {
  readonly link: Link;
  readonly arrived: Arrived[];
  readonly notices: string[];
  readonly ends: LinkEnd[];
  /** Frames that it has sent and that have not been delivered yet. */
  readonly outgoing: Uint8Array[];
  /** Bytes of a frame that has not come as a whole. */
  readonly partial: { bytes: number };
  /** Sends a small message. */
  tell(text: string, options?: { readonly lane?: Lane; readonly stream?: string }): boolean;
  /** Sends a large one. */
  large(text: string, bytes: number, options?: { readonly lane?: Lane; readonly stream?: string }): boolean;
}

export interface LinkPair {
  readonly clock: VirtualClock;
  readonly left: LinkSide;
  readonly right: LinkSide;
  /** Delivers what both sides have sent, until nothing is left. */
  readonly settle: () => void;
  /** Delivers the next frame of `side`. @returns false if there is none */
  readonly step: (side: LinkSide) => boolean;
}

/** @param budget of the left side's node; default: one that no other link has a part of */
export function createLinkPair(limits: Partial<LinkLimits> = {}, budget?: ByteBudget): LinkPair {
  const clock = new VirtualClock();
  const tasks: (() => void)[] = [];
  const executor: Executor = {
    soon: (task) => void tasks.push(task),
    later: (task) => void tasks.push(task),
  };
  const all = { ...DEFAULT_LINK_LIMITS, ...limits };
  const left = side(clock, executor, all, budget ?? new ByteBudget(all.budgetBytes));
  const right = side(clock, executor, all, new ByteBudget(all.budgetBytes));
  const run = (): void => {
    for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) task();
  };
  const step = (from: LinkSide): boolean => {
    run();
    const frame = from.outgoing.shift();
    if (frame === undefined) return false;
    (from === left ? right : left).link.receive(frame);
    run();
    return true;
  };
  return {
    clock,
    left,
    right,
    step,
    settle() {
      while (step(left) || step(right));
    },
  };
}

function side(clock: VirtualClock, executor: Executor, limits: LinkLimits, budget: ByteBudget): LinkSide {
  const outgoing: Uint8Array[] = [];
  const arrived: Arrived[] = [];
  const notices: string[] = [];
  const ends: LinkEnd[] = [];
  const partial = { bytes: 0 };
  const channel: Channel = {
    remote: "test",
    get arrivedBytes() {
      return partial.bytes;
    },
    get bufferedBytes() {
      return outgoing.reduce((sum, frame) => sum + frame.byteLength, 0);
    },
    start: () => {},
    send: (frame) => void outgoing.push(frame),
    close: () => {},
    destroy: () => {},
  };
  const link: Link = new Link({
    channel,
    clock,
    executor,
    limits,
    budget,
    peer: "other",
    listener: {
      onMessage: (_, lane, reader, attachments) =>
        void arrived.push({ lane, text: reader.text(), attachments }),
      onNotice: (_, reader) => void notices.push(reader.text()),
      onRefused: () => {},
      onEnd: (_, end) => void ends.push(end),
    },
  });
  const { sender } = link;
  return {
    link,
    outgoing,
    arrived,
    notices,
    ends,
    partial,
    tell(text, { lane = "data", stream = "one" } = {}) {
      sender.writer.begin();
      sender.writer.u8(RECORD[lane]);
      sender.writer.u32(0);
      sender.writer.text(text);
      sender.writer.patchU32(1, sender.writer.length - RECORD_HEADER_BYTES);
      return sender.message(lane, 1, stream, sender.writer.finish());
    },
    large(text, bytes, { lane = "data", stream = "one" } = {}) {
      sender.writer.begin();
      sender.writer.text(text);
      const { buffer, start, end } = sender.writer.finish();
      const head = buffer.subarray(start, end);
      return sender.large(lane, 1, stream, { head, attachments: [new Uint8Array(bytes).fill(bytes)] });
    },
  };
}
