import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { DeliveryError } from "../../src/sinks/outlet.js";
import { post } from "../../src/sinks/post.js";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Given up by the test, long after it should have been by the post. */
const NEVER_MS = 20_000;

test("a post ends in its time where an answer never comes to its end, whatever is collected meanwhile", async () => {
  const server = createServer((_, response) => void response.writeHead(200).write("{"));
  await new Promise<void>((listening) => void server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  const asked = { url: `http://127.0.0.1:${port}/`, body: "{}", headers: {}, answerBytesMax: 1_000 };
  const collecting = setInterval(collect, 20);
  let never: NodeJS.Timeout | undefined;
  try {
    const failed = post({ ...asked, timeoutMs: 400 }, new AbortController().signal).catch(
      (error: unknown) => error,
    );
    const late = new Promise((resolve) => (never = setTimeout(resolve, NEVER_MS, "it goes on")));
    const first = await Promise.race([failed, late]);
    assert.ok(first instanceof DeliveryError, String(first));
    assert.match(
      first.message,
      /^Cannot reach "127\.0\.0\.1:\d+": The operation was aborted due to timeout$/,
    );
  } finally {
    clearInterval(collecting);
    clearTimeout(never);
    server.closeAllConnections();
    server.close();
  }
});

test("a post that is to end before it began does not begin", async () => {
  const ended = AbortSignal.abort();
  const asked = { url: "http://127.0.0.1:9/", body: "{}", headers: {}, timeoutMs: 60_000 };
  const failed = await post(asked, ended).catch((error: unknown) => error);
  assert.ok(failed instanceof DeliveryError, String(failed));
});

test.run();
