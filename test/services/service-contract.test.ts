import { test } from "../support/test.js";
import type { ServiceInput } from "../../src/services/service.js";
import { serviceContract } from "../contract/service.js";

const input = (sequence: number): ServiceInput => ({
  sourceId: "cam-1",
  incarnation: 0,
  sequence,
  frames: [],
  frameCount: 2,
  framePtsUs: [sequence * 200_000, sequence * 200_000 + 100_000],
  previous: new Map(),
  continuity: sequence === 0 ? "restarted" : "continued",
});

serviceContract({
  declaration: {
    name: "sequences",
    summary: "Reports which tasks it has seen",
    inputs: ["boxes"],
    output: "tracks",
    stateful: true,
    module: new URL("../support/services/sequences.js", import.meta.url).href,
  },
  inputs: () => [input(0), input(1), input(2)],
});

test.run();
