/** A service that does what its `previous` result tells it, so that a test can make a real worker misbehave. */

import { SluiceError } from "../../../src/task/errors.js";
import type { Service } from "../../../src/services/service.js";
import type { StageResult } from "../../../src/task/service.js";

/** What `process` is to do: the label of the first detection of stage `command`. */
export type Command = "answer" | "throw" | "crash" | "reject" | "exit" | "hang" | "wait" | "nonsense";

/** The job's `previous` that makes the service obey. */
export function command(label: Command): ReadonlyMap<string, StageResult> {
  return new Map([
    ["command", { type: "boxes", frames: [[{ x: 0, y: 0, width: 1, height: 1, score: 1, label }]] }],
  ]);
}

export const service: Service = {
  load({ parameters, modelDir }) {
    if (parameters["load"] === "throw") return Promise.reject(new Error("Will not load"));
    if (parameters["load"] === "exit") process.exit(7);
    if (parameters["load"] === "missing") return Promise.reject(missing());
    return Promise.resolve({
      async process({ previous, frameCount, sequence }) {
        switch (previous.get("command")?.frames[0]?.[0]?.label ?? "answer") {
          case "throw":
            throw new Error("Told to throw");
          case "crash":
            setImmediate(() => {
              throw new Error("Told to crash");
            });
            return new Promise<never>(() => {});
          case "reject":
            void Promise.reject(new Error("Told to reject"));
            return new Promise<never>(() => {});
          case "exit":
            process.exit(3);
          // falls through: never reached
          case "hang":
            for (;;);
          case "wait":
            return new Promise<never>(() => {});
          case "nonsense":
            return { type: "boxes", frames: [] };
          default: {
            const label = modelDir ?? "";
            return {
              type: "boxes",
              frames: Array.from({ length: frameCount }, () => [
                { x: 0, y: 0, width: 0, height: 0, score: 1, label, trackId: sequence },
              ]),
            };
          }
        }
      },
      close: () => {},
    });
  },
};

function missing(): SluiceError {
  return new SluiceError("Cannot load model", { code: "model-missing" });
}
