import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { createEventForwarder } from "../../src/node/event-forwarder.js";
import { fold } from "../support/fold.js";

interface Numbered {
  readonly type: "numbered";
  readonly number: number;
}

test("createEventForwarder hands on each event in order, and survives a listener that throws", () => {
  const heard: number[] = [];
  const actor = fold(
    createEventForwarder<Numbered>(({ number }) => {
      heard.push(number);
      if (number === 2) throw new Error("a fault of the program");
    }),
  );
  for (const number of [1, 2, 3]) actor.tell({ type: "numbered", number });
  assert.equal(heard, [1, 2, 3]);
});

test.run();
