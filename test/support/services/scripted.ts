/**
 * A service whose every run is in its frame: byte `2 * slot` says what to do (0: answer) and the next byte how often,
 * counted down in the frame's shared memory, so that a script also holds across the workers that it ends.
 *
 * Parameters: `output`, the type of its results, and `slot`; `failLoads`, a file of so many bytes as loads still fail.
 */

import { readFileSync, truncateSync } from "node:fs";
import { assertNever } from "../../../src/runtime/errors.js";
import type { Service } from "../../../src/services/service.js";

export const DEEDS = ["answer", "throw", "crash", "exit", "hang", "nonsense", "dawdle"] as const;
export type Deed = (typeof DEEDS)[number];

const DAWDLE_MS = 15;

export const service: Service = {
  load({ parameters }) {
    const { output, slot, failLoads } = parameters;
    if (typeof failLoads === "string") failUntilEmpty(failLoads);
    const at = 2 * Number(slot);
    return Promise.resolve({
      async process({ frames, frameCount }) {
        const bytes = frames[0]?.data ?? new Uint8Array();
        const deed = takeDeed(bytes, at);
        await act(deed);
        const count = deed === "nonsense" ? frameCount + 1 : frameCount;
        return { type: String(output), frames: Array.from({ length: count }, () => []) };
      },
      close: () => {},
    });
  },
};

function takeDeed(bytes: Uint8Array, at: number): Deed {
  const left = bytes[at + 1] ?? 0;
  if (left === 0) return "answer";
  if (left < 255) bytes[at + 1] = left - 1;
  return DEEDS[bytes[at] ?? 0] ?? "answer";
}

async function act(deed: Deed): Promise<void> {
  switch (deed) {
    case "answer":
    case "nonsense":
      return;
    case "throw":
      throw new Error("Told to throw");
    case "crash":
      setImmediate(() => {
        throw new Error("Told to crash");
      });
      return new Promise<never>(() => {});
    case "exit":
      process.exit(3);
    // falls through: never reached
    case "hang":
      for (;;);
    case "dawdle":
      return new Promise((resolve) => setTimeout(resolve, DAWDLE_MS));
    default:
      return assertNever(deed);
  }
}

function failUntilEmpty(path: string): void {
  const left = readFileSync(path).length;
  if (left === 0) return;
  truncateSync(path, left - 1);
  throw new Error(`Told to fail ${left} more loads`);
}
