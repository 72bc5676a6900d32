import * as assert from "uvu/assert";
import { createOperator } from "../../src/operator/operator.js";
import { MemoryStore } from "../../src/storage/results/memory-store.js";
import type { Store } from "../../src/storage/results/store.js";
import { createAuditDesk } from "../../src/web/audit-desk.js";
import type { AuditState } from "../../src/web/page-protocol.js";
import { newRecord } from "../support/records.js";
import { test } from "../support/test.js";
import { withWebHub } from "../support/web-hub.js";
import { within } from "../support/within.js";

async function filled(count: number): Promise<Store> {
  const store = new MemoryStore();
  const gaps = Array.from({ length: count }, (_, sequence) => newRecord({ sequence, gap: true }));
  await store.append(gaps);
  return store;
}

test("an audit is one for all who look, says how far it is, finds what is wrong, and ends as nobody looks any more", async () => {
  const store = await filled(5_000);
  let pages = 0;
  await withWebHub({ store }, async ({ hub }) => {
    assert.ok(hub.cluster);
    const operator = createOperator(hub.system, hub.cluster);
    const desk = createAuditDesk({
      ...operator,
      query(query) {
        pages += 1;
        return operator.query(query);
      },
    });
    const heard: AuditState[] = [];
    const done = new Promise<AuditState>((resolve) => {
      desk.look((state) => void heard.push(state));
      desk.look((state) => void (state.status !== "running" && resolve(state)));
    });
    const end = await within(20_000, done, "the end of the audit");
    assert.ok(end.status === "done");
    assert.is(end.records, 5_000);
    // The first incarnation of a source that no node runs has no closing.
    assert.is(end.findingCount, 1);
    assert.equal(
      [end.findings[0]?.about, heard[0], heard.at(-1)],
      ["cam-1", { status: "running", read: 0, of: 0 }, end],
    );
    const wholeAudit = pages;
    const abandoned: AuditState[] = [];
    desk.look((state) => void abandoned.push(state))();
    // The one behind it begins anew, and reads all of it by itself.
    await within(
      20_000,
      new Promise<void>((resolve) => {
        desk.look(({ status }) => void (status === "done" && resolve()));
      }),
      "the end of the audit",
    );
    assert.is(abandoned.length, 1);
    assert.ok(pages <= 2 * wholeAudit + 1, `${pages} pages were read`);
  });
});

test.run();
