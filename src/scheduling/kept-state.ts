/**
 * What a policy has learned of a source, as bytes: to be sent to a thread, compared with what was kept before, written to a
 * store, and read again by the policy that wrote it. As `structuredClone` has it, so maps, sets and infinities stay what they are.
 */

import { deserialize, serialize } from "node:v8";
import { errorText } from "../runtime/errors.js";
import type { PolicySpec } from "../task/requests.js";
import type { BoundPolicy } from "./policy.js";

export interface KeptState {
  /** Whose it is: with other parameters it says nothing. */
  readonly policy: PolicySpec;
  /** Of the policy's program. @see PolicyCommon.version */
  readonly version: string;
  readonly bytes: Uint8Array;
}

/** @throws TypeError of what is no plain data; RangeError of what is too large */
export function encodeState(state: unknown, bytesMax: number): Uint8Array {
  let bytes: Buffer;
  try {
    bytes = serialize(state);
  } catch (thrown) {
    throw new TypeError(`Its state must be plain data: ${errorText(thrown)}`, { cause: thrown });
  }
  if (bytes.byteLength <= bytesMax) return new Uint8Array(bytes);
  throw new RangeError(`Its state has ${bytes.byteLength} bytes, and ${bytesMax} are allowed`);
}

export interface Resumed {
  readonly state: unknown;
  /** Why it begins anew, for people; null where it goes on, or never began before. */
  readonly anew: string | null;
}

/**
 * The state from which a policy goes on: what was kept, where its program is the same or takes it; else its first one.
 *
 * @throws SluiceError `policy-invalid`, and whatever the policy throws, where it cannot be started
 */
export function resumeState(bound: BoundPolicy, spec: PolicySpec, kept: KeptState | null): Resumed {
  const start = (anew: string | null): Resumed => ({ state: bound.start(spec.parameters).state, anew });
  if (kept === null) return start(null);
  let state: unknown;
  try {
    state = deserialize(kept.bytes);
  } catch (thrown) {
    return start(`what was kept of it cannot be read: ${errorText(thrown)}`);
  }
  if (kept.version === bound.version) return { state, anew: null };
  const carried = bound.carry(state, kept.version);
  if (carried !== null) return { state: carried.state, anew: null };
  return start(
    `it is version "${bound.version}" and does not take what version "${kept.version}" has learned`,
  );
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a === b || Buffer.compare(a, b) === 0;
}
