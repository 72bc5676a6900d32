/**
 * Keeps worker threads from ending inside a native call.
 *
 * onnxruntime holds its thread for a whole inference. A thread that is terminated meanwhile takes the process with it: the
 * call returns into JavaScript that may not run any more, throws in C++, and nothing catches it (`terminate called after
 * throwing an instance of 'Napi::Error'`). So the thread counts its calls in shared memory, who wants it to end says so
 * there, and the last call that returns ends the thread itself. To load a library is such a call as well.
 *
 * NC1 Where `forbidNativeCalls` returns false the thread is in no native call and will enter none.
 */

/** int32 [1] in shared memory: twice the calls in progress, and 1 where no more may begin. */
export type NativeCalls = Int32Array;

const FORBIDDEN = 1;
const CALL = 2;

export function createNativeCalls(): NativeCalls {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
}

/** Returns whether a call is in progress; the thread then ends by itself once that returns. */
export function forbidNativeCalls(calls: NativeCalls): boolean {
  return Atomics.or(calls, 0, FORBIDDEN) >= CALL;
}

/** Blocks this thread until no call is in progress, or for `ms`. */
export function awaitNativeCalls(calls: NativeCalls, ms: number): void {
  const value = Atomics.load(calls, 0);
  if (value >= CALL) Atomics.wait(calls, 0, value, ms);
}

/** Of this thread; calls outside a worker are counted nowhere. */
let own: NativeCalls | null = null;

/** The native calls of this worker thread are counted in `calls` from now on. */
export function countNativeCalls(calls: NativeCalls): void {
  own = calls;
}

/** Runs what holds the thread in native code. */
export async function nativeCall<Result>(run: () => Promise<Result>): Promise<Result> {
  if (own === null) return await run();
  if ((Atomics.add(own, 0, CALL) & FORBIDDEN) !== 0) leave(own);
  try {
    return await run();
  } finally {
    leave(own);
  }
}

function leave(calls: NativeCalls): void {
  const before = Atomics.sub(calls, 0, CALL);
  Atomics.notify(calls, 0);
  // In a worker this ends the thread alone.
  if (before === CALL + FORBIDDEN) process.exit();
}
