import * as fc from "fast-check";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { SluiceError } from "../../../src/task/errors.js";
import { checkConservation } from "../../../src/task/ledger.js";
import { setup, STORED } from "./setup.js";

type Step =
  | { readonly kind: "frame" | "drain" }
  | { readonly kind: "settle"; readonly pick: number; readonly drop: boolean }
  | { readonly kind: "configure"; readonly framesPerTask: number; readonly wide: boolean }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "end"; readonly fails: boolean };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant("frame" as const) }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("settle" as const), pick: fc.nat(50), drop: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("configure" as const),
      framesPerTask: fc.integer({ min: 1, max: 4 }),
      wide: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 9_000 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("end" as const), fails: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("drain" as const) }) },
);

test("created = stored + dropped + in flight, without gap or repetition, whatever happens", () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 150 }),
      fc.constantFrom("clip.mp4", "rtsp://cam/1"),
      fc.constantFrom("dropNewest" as const, "dropOldest" as const),
      fc.boolean(),
      (steps, source, livePolicy, paced) => {
        const room = setup({ source, livePolicy, paced, window: { tasks: 3 } });
        const { capture, generator, controller, ledger, settle } = room;
        const settled = new Set<number>();
        const given = () =>
          controller.received.flatMap((message) =>
            message.type === "submit" || message.type === "stageDropped" ? [message.task.id.sequence] : [],
          );

        for (const taken of steps) {
          const { last } = capture;
          if (taken.kind === "frame" && last.given < last.requested) {
            last.frame((last.options.after?.sourceUs ?? 0) / 1_000 + 100 * (last.given + 1));
          } else if (taken.kind === "settle") {
            const open = given().filter((sequence) => !settled.has(sequence));
            const sequence = open[taken.pick % Math.max(1, open.length)];
            if (sequence === undefined) continue;
            settled.add(sequence);
            settle(sequence, taken.drop ? { status: "dropped", reason: "overflow" } : STORED);
          } else if (taken.kind === "configure") {
            room.configure({ framesPerTask: taken.framesPerTask, width: taken.wide ? 640 : 320 });
          } else if (taken.kind === "wait") {
            room.clock.advance(taken.ms);
          } else if (taken.kind === "end") {
            last.end(taken.fails ? new SluiceError("lost", { code: "source-ended-early" }) : undefined);
          } else if (taken.kind === "drain") {
            generator.tell({ type: "drain" });
          }
          if (room.isStopped()) break;

          const counts = ledger();
          assert.is(checkConservation(counts), null);
          assert.is(new Set(given()).size, given().length, "no task is handed over twice");
          const waiting = counts.created - given().length;
          assert.ok(waiting === 0 || (waiting === 1 && livePolicy === "dropOldest"), "no task is forgotten");
          if (source === "clip.mp4") assert.ok(counts.inFlight <= 3, "the window holds");
        }

        const times = room.times().flatMap((frames) => frames ?? []);
        assert.equal(
          times,
          [...times].sort((a, b) => a - b),
          "frames in order",
        );
        assert.is(new Set(times).size, times.length, "no frame twice");
        if (room.isStopped()) {
          const { ledger: last } = room.listener.only("sourceEnded");
          assert.is(last.inFlight, 0);
          assert.is(settled.size, last.created);
          assert.ok(capture.opened.every((opened) => opened.closed));
        }
      },
    ),
    { numRuns: 300 },
  );
});

test.run();
