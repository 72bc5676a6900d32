/** What the hosts of a simulated cluster find, as sentences. */

import { errorText } from "../runtime/errors.js";
import { isHostiles } from "./hostile/hostile-verdict.js";
import type { ClusterShape } from "./shape.js";
import type { SimulatedHostOptions } from "./simulated-host.js";

type Findings = Pick<
  SimulatedHostOptions,
  "onViolation" | "onDoubled" | "onWrongFrames" | "onOldEpoch" | "onFailure"
>;

export function hostFindings({ faults }: ClusterShape, onViolation: (text: string) => void): Findings {
  return {
    onViolation,
    onDoubled({ sourceId, incarnation, sequence }) {
      // An answer is lost with the actor that failed on it.
      if (faults.includes("failingActor")) return;
      onViolation(`state: a worker was given ${sourceId}/${incarnation}/${sequence} twice`);
    },
    onWrongFrames({ sourceId, incarnation, sequence }) {
      if (isHostiles(sourceId)) return;
      onViolation(`frames of ${sourceId}/${incarnation}/${sequence} are not those that it claims`);
    },
    onOldEpoch: (host, { stage, epoch }, acknowledged) =>
      onViolation(`${host} ran "${stage}" by epoch ${epoch}, and had acknowledged ${acknowledged}`),
    onFailure: (host, error) => onViolation(`${host} failed: ${errorText(error)}`),
  };
}
