/** What every carrier does: R1 to R4 of `carrier.ts`, before, during and after open and close. */

import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import {
  FRAME_BYTES_MAX,
  type Carrier,
  type Channel,
  type ChannelClosed,
} from "../../src/transport/carrier.js";
import { TransportError } from "../../src/transport/errors.js";
import { within } from "../support/within.js";

export interface CarrierSubject {
  readonly carrier: Carrier;
  /** To listen at. */
  readonly url: string;
  /** Where nobody listens; null if the carrier notices that only after it has connected. */
  readonly nowhere: string | null;
  /** Whether a second listener at the same address is refused. */
  readonly exclusive: boolean;
  readonly end: () => Promise<void>;
}

/** One end of a channel, and what it received. */
interface End {
  readonly channel: Channel;
  readonly frames: Uint8Array[];
  readonly closed: Promise<ChannelClosed>;
  readonly closes: ChannelClosed[];
  /** Resolves once `wanted` frames have arrived. */
  readonly count: (wanted: number) => Promise<void>;
}

function endOf(channel: Channel): End {
  const frames: Uint8Array[] = [];
  const closes: ChannelClosed[] = [];
  const waiting = new Set<() => void>();
  let onClosed: (closed: ChannelClosed) => void = () => {};
  const closed = new Promise<ChannelClosed>((resolve) => (onClosed = resolve));
  let started = false;
  channel.start({
    onFrame(frame) {
      assert.ok(started, "called within start");
      assert.is(closes.length, 0, "a frame after the close");
      frames.push(Uint8Array.from(frame));
      for (const look of waiting) look();
    },
    onClose(event) {
      assert.ok(started, "called within start");
      closes.push(event);
      onClosed(event);
    },
  });
  started = true;
  return {
    channel,
    frames,
    closed,
    closes,
    count: (wanted) =>
      within(
        10_000,
        new Promise<void>((resolve) => {
          const look = (): void => {
            if (frames.length >= wanted) resolve();
          };
          waiting.add(look);
          look();
        }),
        `${wanted} frames`,
      ),
  };
}

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => void setImmediate(resolve));
};

export function carrierContract(name: string, open: () => Promise<CarrierSubject>): void {
  interface Pair extends CarrierSubject {
    readonly here: End;
    readonly there: End;
    readonly listening: Awaited<ReturnType<Carrier["listen"]>>;
    readonly another: () => Promise<readonly [End, End]>;
  }

  const each = (what: string, work: (pair: Pair) => Promise<void>): void =>
    test(`${name}: ${what}`, async () => {
      const subject = await open();
      const arrived: Channel[] = [];
      const waiting: (() => void)[] = [];
      const listening = await subject.carrier.listen({
        url: subject.url,
        onChannel(channel) {
          arrived.push(channel);
          waiting.shift()?.();
        },
      });
      const another = async (): Promise<readonly [End, End]> => {
        const come = new Promise<void>((resolve) => void waiting.push(resolve));
        const here = await subject.carrier.connect({ url: listening.url });
        await within(5_000, come, "the connection");
        const there = arrived.at(-1);
        if (there === undefined) throw new Error("No channel arrived");
        return [endOf(here), endOf(there)];
      };
      const [here, there] = await another();
      try {
        await work({ ...subject, here, there, listening, another });
      } finally {
        for (const channel of [here.channel, there.channel, ...arrived]) channel.destroy();
        await listening.close();
        await subject.end();
      }
    });

  each("delivers frames of any size whole and in order, both ways at once (R1)", async ({ here, there }) => {
    const sizes = [1, 2, 125, 126, 127, 65_535, 65_536, 100_000, FRAME_BYTES_MAX, 3];
    sizes.forEach((size, index) => {
      here.channel.send(new Uint8Array(size).fill(index));
      there.channel.send(new Uint8Array(size).fill(100 + index));
    });
    await Promise.all([here.count(sizes.length), there.count(sizes.length)]);
    const seen = ({ frames }: End) => frames.map((frame) => [frame.byteLength, frame[0], frame.at(-1)]);
    assert.equal(
      seen(there),
      sizes.map((size, index) => [size, index, index]),
    );
    assert.equal(
      seen(here),
      sizes.map((size, index) => [size, 100 + index, 100 + index]),
    );
  });

  each("delivers many small frames, each once (R1)", async ({ here, there }) => {
    for (let index = 0; index < 10_000; index++) here.channel.send(Uint8Array.of(index >> 8, index & 255));
    await there.count(10_000);
    assert.ok(there.frames.every((frame, index) => frame[0] === index >> 8 && frame[1] === (index & 255)));
  });

  each("does not write to what it is given, and takes views and shared memory", async ({ here, there }) => {
    const pool = new Uint8Array(1_000).map((_, index) => index & 255);
    const shared = new Uint8Array(new SharedArrayBuffer(70_000)).fill(9);
    here.channel.send(pool.subarray(10, 20));
    here.channel.send(shared);
    there.channel.send(pool.subarray(500, 700));
    await Promise.all([there.count(2), here.count(1)]);
    assert.equal([...(there.frames[0] ?? [])], [10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
    assert.equal([there.frames[1]?.byteLength, there.frames[1]?.at(-1)], [70_000, 9]);
    assert.is(here.frames[0]?.byteLength, 200);
    assert.ok(pool.every((byte, index) => byte === (index & 255)) && shared.every((byte) => byte === 9));
  });

  each("close delivers the frames sent before it, and its reason (R1)", async ({ here, there }) => {
    for (let index = 0; index < 100; index++) here.channel.send(new Uint8Array(10_000).fill(index));
    here.channel.close("enough");
    assert.equal(await within(5_000, there.closed), { code: "closed", reason: "enough" });
    assert.is(there.frames.length, 100);
    assert.is((await within(5_000, here.closed)).code, "closed");
  });

  each("closes both ends once, whichever side closes and however often (R3)", async ({ here, there }) => {
    here.channel.close("a");
    there.channel.close("b");
    here.channel.close("c");
    there.channel.destroy();
    await within(5_000, Promise.all([here.closed, there.closed]));
    for (const { channel } of [here, there]) {
      channel.send(Uint8Array.of(1));
      channel.close("again");
      channel.destroy();
    }
    await turns(20);
    assert.equal([here.closes.length, there.closes.length], [1, 1]);
    assert.equal([here.frames.length, there.frames.length], [0, 0]);
  });

  each("destroy is a loss for the other side (R3)", async ({ here, there }) => {
    here.channel.send(Uint8Array.of(1));
    await there.count(1);
    here.channel.destroy();
    assert.is((await within(5_000, there.closed)).code, "lost");
    assert.is((await within(5_000, here.closed)).code, "closed");
  });

  each(
    "a frame that is too long closes the channel, and no part of it arrives (R2)",
    async ({ here, there }) => {
      here.channel.send(Uint8Array.of(1));
      here.channel.send(new Uint8Array(FRAME_BYTES_MAX + 1));
      const codes = await within(5_000, Promise.all([here.closed, there.closed]));
      assert.ok(
        codes.some(({ code }) => code === "frame-too-large"),
        JSON.stringify(codes),
      );
      assert.ok(there.frames.length <= 1);
    },
  );

  each("keeps frames that arrive before a channel is started", async ({ carrier, listening }) => {
    const channel = await carrier.connect({ url: listening.url });
    await turns(5);
    channel.send(Uint8Array.of(7));
    const mine = endOf(channel);
    await turns(5);
    assert.is(mine.closes.length, 0);
    channel.destroy();
  });

  each(
    "does not mix channels, and lets each go on when another is flooded",
    async ({ here, there, another }) => {
      const [second, far] = await another();
      for (let index = 0; index < 500; index++) here.channel.send(new Uint8Array(100_000).fill(1));
      second.channel.send(Uint8Array.of(2));
      await far.count(1);
      assert.equal([...(far.frames[0] ?? [])], [2]);
      await there.count(500);
      assert.ok(there.frames.every((frame) => frame[0] === 1));
      second.channel.destroy();
    },
  );

  each(
    "a listener that closes accepts no more connections, and keeps its channels",
    async ({ here, there, listening }) => {
      await listening.close();
      here.channel.send(Uint8Array.of(5));
      await there.count(1);
      there.channel.send(Uint8Array.of(6));
      await here.count(1);
    },
  );

  each("fails with a code where nobody listens, and where the address is taken", async (pair) => {
    const { carrier, nowhere, exclusive, listening } = pair;
    const codeOf = (work: Promise<unknown>) =>
      within(
        5_000,
        work.then(
          () => "no error",
          (error: unknown) => (error instanceof TransportError ? error.code : String(error)),
        ),
      );
    if (nowhere !== null) assert.is(await codeOf(carrier.connect({ url: nowhere })), "connect-failed");
    assert.is(await codeOf(carrier.connect({ url: "gopher://x" })), "connect-failed");
    assert.is(await codeOf(carrier.listen({ url: "gopher://x", onChannel: () => {} })), "listen-failed");
    if (exclusive) {
      assert.is(await codeOf(carrier.listen({ url: listening.url, onChannel: () => {} })), "listen-failed");
    }
  });
}
