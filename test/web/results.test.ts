import * as assert from "uvu/assert";
import type { SluiceNode } from "../../src/node/node.js";
import { parseConfiguration } from "../../src/task/configuration.js";
import { parseSourceId } from "../../src/task/identity.js";
import type { StoredRecord } from "../../src/task/record.js";
import { PAIR, QUICK, SERVICES } from "../support/local-run.js";
import { scriptedSource } from "../support/scripted-source.js";
import { test } from "../support/test.js";
import { withWebHub } from "../support/web-hub.js";
import { within } from "../support/within.js";

const OPTIONS = { services: SERVICES, limits: QUICK };

async function run(hub: SluiceNode, name: string, count: number): Promise<void> {
  const id = parseSourceId(name);
  const configuration = parseConfiguration({ width: 16, height: 16, framesPerTask: 1 });
  const policy = { name: "cloud-only", parameters: {} };
  await hub.addSource({ ...scriptedSource({ count }), id, pipeline: PAIR, configuration, policy });
  await within(20_000, hub.sourceEnded(id), "the end of the source");
}

interface Page {
  readonly records: readonly StoredRecord[];
  readonly next?: number | null;
}

async function ask(
  url: string,
): Promise<{ readonly status: number; readonly page: Page; readonly text: string }> {
  const response = await fetch(url);
  const text = await response.text();
  const page = response.ok ? (JSON.parse(text) as Page) : { records: [] };
  return { status: response.status, page, text };
}

/** Reads events until there are `count` of them, and hangs up. */
async function events(
  url: string,
  count: number,
  lastId?: string,
): Promise<readonly { readonly id: string; readonly type: string; readonly record: StoredRecord }[]> {
  const hangUp = new AbortController();
  const response = await fetch(url, {
    signal: hangUp.signal,
    ...(lastId !== undefined && { headers: { "last-event-id": lastId } }),
  });
  assert.is(response.headers.get("content-type"), "text/event-stream");
  const found: { id: string; type: string; record: StoredRecord }[] = [];
  const decoder = new TextDecoder();
  let text = "";
  for await (const part of response.body ?? []) {
    text += decoder.decode(part, { stream: true });
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const [, id = "", type = "", data = ""] = /^id: (\d+)\nevent: (\w+)\ndata: (.+)$/.exec(block) ?? [];
      if (data !== "") found.push({ id, type, record: JSON.parse(data) as StoredRecord });
    }
    if (found.length >= count) break;
  }
  hangUp.abort();
  return found.slice(0, count);
}

test("results are given page by page by position, of one source or all, and newest first by time", () =>
  withWebHub(OPTIONS, async ({ hub, url }) => {
    await run(hub, "gate", 7);
    await run(hub, "yard", 3);
    const positions: number[] = [];
    let next: number | null = 0;
    while (next !== null) {
      const { page } = await ask(`${url}/results?source=gate&limit=3&from=${next}`);
      positions.push(...page.records.map(({ position }) => position));
      next = page.next ?? null;
    }
    // Seven results, and the end of the incarnation.
    assert.is(positions.length, 8);
    assert.equal(
      [...positions].sort((a, b) => a - b),
      positions,
    );
    const { page } = await ask(`${url}/results?limit=4`);
    assert.equal(
      page.records.map(({ id }) => id.sourceId),
      ["yard", "yard", "yard", "yard"],
    );
    const early = new Date(0).toISOString();
    assert.is((await ask(`${url}/results?until=${early}`)).page.records.length, 0);
    assert.is((await ask(`${url}/results?since=${early}`)).page.records.length, 12);
    for (const wrong of ["limit=0", "limit=5000", "from=-1", "since=yesterday", "source=a/b", "x=1"]) {
      const { status, text } = await ask(`${url}/results?${wrong}`);
      assert.is(status, 400, wrong);
      assert.match(text, /Cannot answer that/);
    }
    assert.is((await ask(`${url}/results?from=1&since=${early}`)).status, 400);
  }));

test("a stream of results gives each as it is stored, and goes on behind the last one that was read", () =>
  withWebHub(OPTIONS, async ({ hub, url }) => {
    await run(hub, "gate", 4);
    const first = await events(`${url}/results/stream?from=0`, 3);
    assert.equal(
      first.map(({ id, type, record }) => [id, type, record.position]),
      first.map(({ record }) => [String(record.position), "result", record.position]),
    );
    const rest = events(`${url}/results/stream`, 7, first.at(-1)?.id);
    await run(hub, "yard", 4);
    const all = [...first, ...(await within(30_000, rest, "the rest of the stream"))];
    assert.equal(
      all.map(({ record }) => record.position),
      [...all.keys()].map((index) => index + (first[0]?.record.position ?? 0)),
    );
    assert.equal(
      all.map(({ record }) => record.id.sourceId),
      [...Array.from({ length: 5 }, () => "gate"), ...Array.from({ length: 5 }, () => "yard")],
    );
    const wrong = await fetch(`${url}/results/stream`, { headers: { "last-event-id": "soon" } });
    assert.is(wrong.status, 400);
  }));

test("results are followed by no more than there is room for, however many come at once, and each is told all", () =>
  withWebHub(OPTIONS, async ({ hub, url }) => {
    const hangUp = new AbortController();
    const { signal } = hangUp;
    const opened = await Promise.all(
      Array.from({ length: 80 }, () => fetch(`${url}/results/stream`, { signal }).catch(() => null)),
    );
    const followed = opened.filter((response) => response?.status === 200);
    const refused = opened.filter((response) => response?.status === 503);
    // Those that are refused by their number at a time come first; all others fill the room and no more.
    assert.ok(followed.length <= 64, `${followed.length} follow`);
    assert.is(followed.length + refused.length, 80);
    // The head alone takes nobody's room.
    for (let n = 0; n < 3; n += 1) {
      const head = await fetch(`${url}/results/stream`, { method: "HEAD" });
      assert.ok(head.status === 200 || followed.length === 64);
    }
    const told = followed.map(async (response) => {
      const decoder = new TextDecoder();
      let count = 0;
      for await (const part of response?.body ?? []) {
        count += decoder.decode(part, { stream: true }).split("\nevent: result\n").length - 1;
        if (count >= 4) return;
      }
      throw new Error(`the stream ended after ${count} results`);
    });
    await run(hub, "gate", 4);
    await within(60_000, Promise.all(told), "what each is told");
    hangUp.abort();
  }));

test.run();
