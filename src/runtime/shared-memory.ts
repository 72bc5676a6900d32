/**
 * Shared memory that the garbage collector knows about.
 *
 * V8 counts ordinary buffers and collects in time, but leaves SharedArrayBuffers out of its count: a stream of frames
 * in shared memory grows to gigabytes before anything triggers a collection (measured: 2.3 GB resident for 16 frames of
 * 691 kB in use, and 6 times slower for the page faults; 0.25 GB with this file). So each shared buffer gets a
 * companion that is counted and never touched, and therefore costs address space but no memory.
 */

/**
 * Size of a companion for each byte of its buffer. V8 counts such memory against the limit of a heap that is itself small,
 * so every 10 MB of companions make it collect everything: with all bytes counted, the default pipeline spends a fifth of
 * its processor time on that. Resident then, and processor time a frame, at 640x360: 317 MB and 6.2 ms with 1, 319 MB and
 * 5.0 ms with 1/2, 406 MB and 4.7 ms with 1/4; 1280x720: 395 MB and 15 ms, 460 MB and 13 ms, 500 MB and 12 ms
 * (`bench/e2e/demo.ts`).
 */
const COUNTED_SHARE = 1 / 2;

const companions = new WeakMap<ArrayBufferView, Buffer>();

/** Allocates `byteLength` zeroed bytes that worker threads can read in place. */
export function allocateShared(byteLength: number): Uint8Array {
  const view = new Uint8Array(new SharedArrayBuffer(byteLength));
  accountShared(view);
  return view;
}

/** Accounts for a shared view that arrived in a worker thread, whose collector counts on its own. Call it once a view. */
export function accountShared(view: ArrayBufferView): void {
  companions.set(view, Buffer.allocUnsafeSlow(Math.ceil(view.byteLength * COUNTED_SHARE)));
}
