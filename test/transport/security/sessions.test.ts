import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { openSessionNumbers } from "../../../src/transport/security/sessions.js";

/** What a hub keeps, and processes of it one after the other. */
function createHub(): {
  readonly start: (failing?: () => boolean) => ReturnType<typeof openSessionNumbers>;
  readonly writes: () => number;
} {
  let kept = 0;
  let writes = 0;
  return {
    writes: () => writes,
    start: (failing = () => false) =>
      openSessionNumbers(kept + 1, async (upTo) => {
        await Promise.resolve();
        if (failing()) throw new Error("the disk is full");
        writes += 1;
        kept = upTo;
      }),
  };
}

test("sessions are above all that were given before, over processes of a hub, also where many ask at once", async () => {
  const hub = createHub();
  let last = 0;
  for (let process = 0; process < 4; process += 1) {
    const numbers = await hub.start();
    assert.ok(numbers.own > last);
    const given = await Promise.all(Array.from({ length: 900 * process }, () => numbers.next()));
    assert.equal(
      given,
      given.map((_, index) => numbers.own + 1 + index),
    );
    last = given.at(-1) ?? numbers.own;
  }
  // One a start, and one for each 1,024 more.
  assert.is(hub.writes(), 4 + 0 + 0 + 1 + 2);
});

test("no session is given that could not be kept as taken, and the next one asks again", async () => {
  const hub = createHub();
  let full = false;
  const numbers = await hub.start(() => full);
  for (let n = 0; n < 1_024; n += 1) await numbers.next();
  full = true;
  const refused: unknown = await numbers.next().catch((error: unknown) => error);
  assert.match(String(refused), "the disk is full");
  full = false;
  assert.is(await numbers.next(), numbers.own + 1_025);
  full = true;
  const started: unknown = await hub.start(() => full).catch((error: unknown) => error);
  assert.match(String(started), "the disk is full");
});

test.run();
