import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { linkBetween } from "../../../src/scheduling/view-queries.js";
import type { LinkSample } from "../../../src/task/reports.js";
import { CLOUD, EDGE_1, EDGE_2, sample, view } from "./cluster.js";

const probed = (bandwidthMbps: number, relayed?: true): LinkSample => ({
  rttMs: 4,
  bandwidthMbps,
  bandwidthAgeMs: 500,
  ...(relayed && { relayed }),
});

test("viewCluster takes a link through the hub for no faster than the hub's links to either end", () => {
  const seen = (toHub: number, fromHub: number, relayed?: true) =>
    view({
      samples: [
        sample("edge-1", { links: { cloud: probed(toHub), "edge-2": probed(80, relayed) } }),
        sample("cloud", { links: { "edge-2": probed(fromHub) } }),
      ],
    });
  const between = (...given: Parameters<typeof seen>) =>
    linkBetween(seen(...given), EDGE_1, EDGE_2).bandwidthMbps;
  assert.is(between(2, 90, true), 2);
  assert.is(between(90, 3, true), 3);
  assert.is(between(90, 90, true), 80, "what was measured of the whole way");
  assert.is(between(2, 90), 80, "a link of their own");
  assert.is(linkBetween(seen(2, 90, true), EDGE_1, CLOUD).bandwidthMbps, 2);
});

test.run();
