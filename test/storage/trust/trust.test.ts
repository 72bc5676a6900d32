import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { systemClock } from "../../../src/runtime/clock.js";
import { silentLogger } from "../../../src/runtime/log.js";
import { openTrust } from "../../../src/storage/trust/file-trust.js";
import { createMemoryTrust } from "../../../src/storage/trust/trust.js";
import { SluiceError } from "../../../src/task/errors.js";
import { parseNodeName, parseSourceId } from "../../../src/task/identity.js";
import { VirtualClock } from "../../support/virtual-clock.js";
import { inTemporaryFolder } from "../../support/temporary-folder.js";
import { pause } from "../../support/pause.js";

const OPTIONS = { clock: systemClock, log: silentLogger };
const EDGE = parseNodeName("edge-1");
const OTHER = parseNodeName("edge-2");
const NOW_MS = 1_700_000_000_000;
const CLAIMED = { nowMs: NOW_MS, pipeline: "p@1" };
const CAM_1 = parseSourceId("cam-1");
const CAM_2 = parseSourceId("cam-2");

test("SourceOwners leave a source to the node that claimed it first, until that one releases it", () => {
  const { owners } = createMemoryTrust();
  assert.is(owners.claim(CAM_1, EDGE, CLAIMED), true);
  assert.is(owners.claim(CAM_1, EDGE, CLAIMED), true);
  assert.is(owners.claim(CAM_1, OTHER, CLAIMED), false);
  assert.is(owners.confirm(CAM_1, OTHER, 7), false);
  owners.release(CAM_1, OTHER);
  assert.is(owners.holderOf(CAM_1), EDGE);
  owners.release(CAM_1, EDGE);
  assert.is(owners.holderOf(CAM_1), null);
  assert.is(owners.confirm(CAM_1, EDGE, 7), true, "what was under way as it was removed");
  assert.is(owners.confirm(CAM_1, OTHER, 7), false, "nobody has claimed it yet");
  assert.is(owners.claim(CAM_1, OTHER, CLAIMED), true);
  assert.is(owners.confirm(CAM_1, EDGE, 7), false);
});

test("SourceOwners give a node no more than 256 sources to hold, by whichever way it comes to them", () => {
  const { owners } = createMemoryTrust();
  const source = (at: number) => parseSourceId(`cam-${at}`);
  const claims = Array.from({ length: 200 }, (_, at) => owners.claim(source(at), EDGE, CLAIMED));
  const vouched = Array.from({ length: 12_000 }, (_, at) => owners.confirm(source(200 + at), EDGE, 7));
  assert.is([...claims, ...vouched].filter(Boolean).length, 256);
  assert.is(owners.confirm(parseSourceId("one-more"), EDGE, 7), false);
  assert.is(owners.claim(parseSourceId("one-more"), OTHER, CLAIMED), true);
  owners.release(source(0), EDGE);
  assert.is(owners.claim(source(10_000), EDGE, CLAIMED), true);
});

test("SourceOwners let nobody who has a name later speak of what another node has captured under it", () => {
  const { owners } = createMemoryTrust();
  const before = NOW_MS - 5_000;
  owners.claim(CAM_1, EDGE, { nowMs: before, pipeline: "p@1" });
  assert.is(owners.confirm(CAM_1, EDGE, before), true);
  owners.release(CAM_1, EDGE);
  assert.is(owners.claim(CAM_1, OTHER, CLAIMED), true);
  for (const incarnation of [1, before - 1, before])
    assert.is(owners.confirm(CAM_1, OTHER, incarnation), false, `${incarnation}`);
  assert.is(owners.confirm(CAM_1, OTHER, NOW_MS), true);
  // It takes no incarnations that are yet to come from the next one, nor gives those before it away.
  assert.is(owners.confirm(CAM_1, OTHER, 2 ** 47), true);
  owners.release(CAM_1, OTHER);
  assert.is(owners.claim(CAM_1, EDGE, { nowMs: NOW_MS + 10, pipeline: "p@1" }), true);
  assert.is(owners.confirm(CAM_1, EDGE, before), false);
  assert.is(owners.confirm(CAM_1, EDGE, NOW_MS + 11), true);
});

test("SourceOwners know which source has walked a pipeline longest, over a restart too", () =>
  inTemporaryFolder(async (folder) => {
    const first = await openTrust(folder, OPTIONS);
    first.owners.claim(CAM_2, OTHER, { nowMs: NOW_MS, pipeline: "other@1" });
    first.owners.claim(CAM_1, EDGE, CLAIMED);
    assert.is(first.owners.claim(CAM_2, OTHER, CLAIMED), true);
    assert.is(first.owners.firstWith("p@1"), CAM_1);
    await first.close();
    const { owners } = await openTrust(folder, OPTIONS);
    assert.is(owners.firstWith("p@1"), CAM_1);
    owners.release(CAM_1, EDGE);
    assert.is(owners.firstWith("p@1"), CAM_2);
    assert.is(owners.firstWith("other@1"), null);
  }));

test("openTrust keeps the key and the owners of sources over a restart, for its own user alone to read", () =>
  inTemporaryFolder(async (folder) => {
    const path = join(folder, "trust");
    const first = await openTrust(path, OPTIONS);
    first.owners.claim(CAM_1, EDGE, CLAIMED);
    first.owners.claim(CAM_2, OTHER, CLAIMED);
    first.owners.release(CAM_2, OTHER);
    await first.close();
    const second = await openTrust(path, OPTIONS);
    assert.equal(second.masterKey, first.masterKey);
    assert.is(second.owners.claim(CAM_1, OTHER, CLAIMED), false);
    assert.is(second.owners.claim(CAM_2, EDGE, CLAIMED), true);
    await second.close();
    assert.is(statSync(path).mode & 0o777, 0o700);
    for (const name of ["master.key", "owners.json"]) {
      assert.is(statSync(join(path, name)).mode & 0o777, 0o600, name);
    }
  }));

test("openTrust keeps what operators said of sources, for its own user alone", () =>
  inTemporaryFolder(async (folder) => {
    const order = { policy: { name: "fixed", parameters: { placement: { detect: ["cloud"] } } } };
    const first = await openTrust(folder, OPTIONS);
    first.orders.set(CAM_1, order);
    first.orders.set(CAM_2, order);
    first.orders.delete(CAM_2);
    await first.close();
    const second = await openTrust(folder, OPTIONS);
    assert.equal([second.orders.get(CAM_1), second.orders.get(CAM_2)], [order, undefined]);
    await second.close();
    assert.is(statSync(join(folder, "orders.json")).mode & 0o777, 0o600);
    writeFileSync(join(folder, "orders.json"), '{"cam-1": {"policy": "fixed"}}');
    const refused: unknown = await openTrust(folder, OPTIONS).catch((error: unknown) => error);
    assert.ok(refused instanceof SluiceError && refused.code === "store-corrupt");
  }));

test("openTrust writes what changes at once, what follows together, and all of it before it closes", () =>
  inTemporaryFolder(async (folder) => {
    const clock = new VirtualClock();
    const trust = await openTrust(folder, { clock, log: silentLogger });
    const owners = () => Object.keys(JSON.parse(readFileSync(join(folder, "owners.json"), "utf8")) as object);
    trust.owners.claim(CAM_1, EDGE, CLAIMED);
    while (!existsSync(join(folder, "owners.json"))) await pause();
    assert.equal(owners(), [CAM_1]);
    for (let at = 0; at < 100; at += 1) trust.owners.claim(parseSourceId(`more-${at}`), EDGE, CLAIMED);
    await trust.close();
    assert.is(owners().length, 101);
  }));

test("openTrust makes another key for another hub, and takes no damaged file for one", () =>
  inTemporaryFolder(async (folder) => {
    const [one, two] = [join(folder, "one"), join(folder, "two")];
    const first = await openTrust(one, OPTIONS);
    assert.not.equal((await openTrust(two, OPTIONS)).masterKey, first.masterKey);
    first.owners.claim(CAM_1, EDGE, CLAIMED);
    await first.close();
    for (const [name, text] of [
      ["master.key", "short"],
      ["owners.json", '{"cam-1": {"node": 7}}'],
      ["owners.json", '{"../cam": {"node": "edge-1", "held": true}}'],
      ["owners.json", "{"],
    ] as const) {
      const sound = readFileSync(join(one, name));
      writeFileSync(join(one, name), text);
      const refused: unknown = await openTrust(one, OPTIONS).catch((error: unknown) => error);
      assert.ok(refused instanceof SluiceError && refused.code === "store-corrupt", `${name}: ${text}`);
      writeFileSync(join(one, name), sound);
    }
  }));

test("openTrust says what is not durable yet, waits for that, and says why it cannot be written", () =>
  inTemporaryFolder(async (folder) => {
    const clock = new VirtualClock();
    const trust = await openTrust(folder, { clock, log: silentLogger });
    assert.is(trust.written(), null);
    trust.owners.claim(CAM_1, EDGE, CLAIMED);
    await trust.written();
    assert.match(await readFile(join(folder, "owners.json"), "utf8"), '"held":true');
    assert.is(trust.written(), null);
    // A folder in its place: nothing can be put there.
    await rm(join(folder, "owners.json"));
    await mkdir(join(folder, "owners.json", "x"), { recursive: true });
    trust.owners.release(CAM_1, EDGE);
    clock.advance(100);
    const failed: unknown = await Promise.resolve(trust.written()).catch((error: unknown) => error);
    assert.ok(failed instanceof SluiceError && failed.code === "store-unwritable", String(failed));
    await rm(join(folder, "owners.json"), { recursive: true });
    const again = trust.written();
    clock.advance(100);
    await again;
    assert.match(await readFile(join(folder, "owners.json"), "utf8"), '"held":false');
    await trust.close();
  }));

test.run();
