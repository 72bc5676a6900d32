/** A worker thread that gives back every frame of every channel. */

import { workerData, type MessagePort } from "node:worker_threads";
import { createPortCarrier } from "../../../src/transport/carriers/port.js";

await createPortCarrier(workerData as MessagePort, "worker").listen({
  url: "port://worker",
  onChannel: (channel) => channel.start({ onFrame: (frame) => channel.send(frame), onClose: () => {} }),
});
