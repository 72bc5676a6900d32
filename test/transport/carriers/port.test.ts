import { MessageChannel, Worker } from "node:worker_threads";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { createPortCarrier } from "../../../src/transport/carriers/port.js";
import { carrierContract } from "../../contract/carrier.js";
import { within } from "../../support/within.js";

carrierContract("port carrier", () => {
  const { port1, port2 } = new MessageChannel();
  const [listening, dialling] = [createPortCarrier(port1, "here"), createPortCarrier(port2, "there")];
  return Promise.resolve({
    carrier: {
      listen: (options) => listening.listen(options),
      connect: (options) => dialling.connect(options),
    },
    url: "port://a",
    nowhere: null,
    exclusive: true,
    end() {
      port1.close();
      return Promise.resolve();
    },
  });
});

test("port carrier joins two threads, and the end of one is a loss for the other", async () => {
  const { port1, port2 } = new MessageChannel();
  const worker = new Worker(new URL("../../support/programs/port-echo.js", import.meta.url), {
    workerData: port2,
    transferList: [port2],
  });
  const channel = await createPortCarrier(port1, "main").connect({ url: "port://worker" });
  const frames: Uint8Array[] = [];
  let onFrame: () => void = () => {};
  const echoed = new Promise<void>((resolve) => (onFrame = resolve));
  const closed = new Promise<string>((resolve) => {
    channel.start({
      onFrame(frame) {
        frames.push(frame);
        onFrame();
      },
      onClose: ({ code }) => resolve(code),
    });
  });
  channel.send(Uint8Array.of(1, 2, 3));
  await within(5_000, echoed);
  assert.equal([...(frames[0] ?? [])], [1, 2, 3]);
  await worker.terminate();
  assert.is(await within(5_000, closed), "lost");
  port1.close();
});

test.run();
