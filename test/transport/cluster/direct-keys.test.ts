import * as assert from "uvu/assert";
import { parseNodeName } from "../../../src/runtime/address.js";
import type { Member } from "../../../src/transport/cluster/cluster.js";
import { DirectKeys } from "../../../src/transport/cluster/direct-keys.js";
import { generateToken, tokenText } from "../../../src/transport/security/token.js";
import { test } from "../../support/test.js";
import { VirtualClock } from "../../support/virtual-clock.js";

const member = (session: number): Member => ({
  name: parseNodeName(`edge-${session}`),
  session,
  roles: ["edge"],
  grants: [],
  url: null,
  version: "",
  pid: 1,
  joinedAtMs: 0,
});

function scene(): {
  readonly clock: VirtualClock;
  readonly keys: DirectKeys;
  readonly add: (to: Member) => string;
  readonly known: (ids: readonly string[]) => Promise<readonly boolean[]>;
} {
  const clock = new VirtualClock();
  const keys = new DirectKeys(clock);
  return {
    clock,
    keys,
    add(to) {
      const token = generateToken();
      keys.add(to, tokenText(token));
      return token.id;
    },
    known: (ids) =>
      Promise.all(
        ids.map(async (id) => {
          const found = (await keys.authority.find(id)) !== null;
          assert.is(keys.memberOf(id) !== null, found);
          return found;
        }),
      ),
  };
}

test("DirectKeys keeps few keys of a member, the newest, and those of others beside them", async () => {
  const { keys, add, known } = scene();
  const others = add(member(1));
  const ids = Array.from({ length: 6 }, () => add(member(2)));
  assert.equal(await known([others, ...ids]), [true, false, false, true, true, true, true]);
  assert.is(keys.size, 5);
  assert.is(keys.memberOf(others)?.session, 1);
  assert.is(keys.memberOf(null), null);
});

test("DirectKeys forgets a key with its time, its member, and all of them with the hub", async () => {
  const { clock, keys, add, known } = scene();
  const first = add(member(1));
  clock.advance(29_999);
  const second = add(member(1));
  assert.equal(await known([first, second]), [true, true]);
  clock.advance(1);
  assert.equal(await known([first, second]), [false, true]);
  const third = add(member(2));
  keys.forget(member(1));
  assert.equal(await known([second, third]), [false, true]);
  keys.clear();
  assert.equal(await known([third]), [false]);
  assert.is(keys.size, 0);
  clock.advance(60_000);
});

test.run();
