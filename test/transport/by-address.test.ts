import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { addressGroup, LOOPBACK } from "../../src/transport/address-group.js";
import { ByAddress } from "../../src/transport/by-address.js";

test("addressGroup takes a /64 for one address, and this machine's addresses for one", () => {
  for (const own of ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
    assert.is(addressGroup(own), LOOPBACK);
  assert.is(addressGroup("::ffff:203.0.113.9"), "203.0.113.9");
  assert.is(addressGroup("203.0.113.9"), "203.0.113.9");
  assert.is(addressGroup("2001:db8:1:2:3:4:5:6"), addressGroup("2001:db8:1:2::9"));
  assert.is.not(addressGroup("2001:db8:1:2::9"), addressGroup("2001:db8:1:3::9"));
  assert.is(addressGroup("fe80::1%eth0"), "fe80:0:0:0::/64");
  assert.is(addressGroup("memory://dialled"), "memory://dialled");
});

test("ByAddress.oldestOf spares whom it is told to spare, and takes the oldest where it would spare all", () => {
  const waiting = new ByAddress<number>();
  for (const n of [1, 2, 3]) waiting.add("far", n);
  waiting.add("near", 4);
  assert.equal([waiting.size, waiting.countOf("far"), waiting.greediest()], [4, 3, "far"]);
  assert.is(waiting.oldestOf("far"), 1);
  assert.is(
    waiting.oldestOf("far", (n) => n < 3),
    3,
  );
  assert.is(
    waiting.oldestOf("far", () => true),
    1,
  );
  for (const n of [1, 2, 3, 3]) waiting.delete("far", n);
  assert.equal([waiting.size, waiting.greediest(), [...waiting]], [1, "near", [4]]);
  assert.is(waiting.oldestOf("far"), undefined);
});

test.run();
