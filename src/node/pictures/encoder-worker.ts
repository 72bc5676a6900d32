/** The thread that makes pictures for people: one at a time, as they come, until it is told to end. */

import { parentPort, workerData } from "node:worker_threads";
import { errorText } from "../../runtime/errors.js";
import { countNativeCalls, nativeCall, type NativeCalls } from "../../services/native-call.js";
import type { TaskPicture } from "../../task/picture.js";

export interface EncodeRequest {
  /** Comes back with the answer. */
  readonly number: number;
  readonly picture: Pick<TaskPicture, "encoding" | "width" | "height" | "data">;
  readonly widthMax: number;
}

export type Encoded =
  | { readonly number: number; readonly ok: true; readonly jpeg: Uint8Array }
  | { readonly number: number; readonly ok: false; readonly problem: string };

if (parentPort === null) throw new TypeError("encoder-worker.js runs in a worker thread only");
const port = parentPort;
// Given by `encoder-thread.ts`, which is in this program.
countNativeCalls(workerData as NativeCalls);

let line = Promise.resolve();
port.on("message", (request: EncodeRequest | null) => {
  line = line.then(() => (request === null ? port.close() : encode(request)));
});

async function encode({ number, picture, widthMax }: EncodeRequest): Promise<void> {
  try {
    const { encodePicture } = await nativeCall(() => import("../../services/jpeg.js"));
    const encoded = await nativeCall(() => encodePicture(picture, widthMax));
    // A buffer of its own, which goes over without a copy.
    const jpeg = Uint8Array.from(encoded);
    port.postMessage({ number, ok: true, jpeg } satisfies Encoded, [jpeg.buffer]);
  } catch (error) {
    port.postMessage({ number, ok: false, problem: errorText(error) } satisfies Encoded);
  }
}
