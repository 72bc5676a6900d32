import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { parseNodeName } from "../../../src/runtime/address.js";
import { silentLogger } from "../../../src/runtime/log.js";
import type { ClusterEvent, Member } from "../../../src/transport/cluster/cluster.js";
import { Membership } from "../../../src/transport/cluster/membership.js";

const member = (name: string, session: number): Member => ({
  name: parseNodeName(name),
  session,
  roles: [],
  grants: [],
  url: null,
  version: "1.0.0",
  pid: 1,
  joinedAtMs: 0,
});

test("Membership applies only the next event, and says so of one that is skipped or comes again", () => {
  const membership = new Membership(silentLogger);
  const told: ClusterEvent[] = [];
  membership.subscribe((event) => told.push(event));
  const [one, two] = [member("edge-1", 1), member("edge-2", 2)];
  membership.reset(3, [one]);
  assert.is(membership.apply({ type: "memberUp", sequence: 5, member: two }), false);
  assert.is(membership.apply({ type: "memberUp", sequence: 3, member: two }), false);
  assert.equal([...membership.members.keys()], ["edge-1"]);
  assert.is(membership.apply({ type: "memberUp", sequence: 4, member: two }), true);
  assert.equal(
    [[...membership.members.keys()], membership.sequence, told.length],
    [["edge-1", "edge-2"], 4, 2],
  );
});

test("Membership removes the session that left, and not the one that came after it under its name", () => {
  const membership = new Membership(silentLogger);
  membership.reset(0, [member("edge-1", 1)]);
  membership.apply({ type: "memberUp", sequence: 1, member: member("edge-1", 2) });
  membership.apply({ type: "memberLeft", sequence: 2, member: member("edge-1", 1) });
  assert.is(membership.members.get(parseNodeName("edge-1"))?.session, 2);
  membership.apply({ type: "memberLeft", sequence: 3, member: member("edge-1", 2) });
  assert.is(membership.members.size, 0);
});

test.run();
