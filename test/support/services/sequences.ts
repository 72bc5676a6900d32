/** A stateful service that reports what it has seen: the sequences of the source so far, as the label. */

import type { Service } from "../../../src/services/service.js";

export const service: Service = {
  load: () => {
    const seen = new Map<string, number[]>();
    return Promise.resolve({
      process({ sourceId, sequence, frameCount, continuity }) {
        const sequences = continuity === "continued" ? (seen.get(sourceId) ?? []) : [];
        sequences.push(sequence);
        seen.set(sourceId, sequences);
        const label = sequences.join(",");
        return {
          type: "tracks",
          continuity,
          frames: Array.from({ length: frameCount }, () => [
            { x: 0, y: 0, width: 1, height: 1, score: 1, label, trackId: 1 },
          ]),
        };
      },
      close: () => seen.clear(),
    });
  },
};
