import { test } from "../support/test.js";
import { watchCluster } from "../../apps/cli/top.js";
import { startNode } from "../../src/node/node.js";
import { connectOperator } from "../../src/operator/operator.js";
import { MemoryStore } from "../../src/storage/results/memory-store.js";
import { within } from "../support/within.js";

const startHub = (url: string) => startNode({ name: "cloud", listen: { url }, store: new MemoryStore() });

/** What was shown last, and whoever waits for something else. */
function createScreen() {
  let onShown: () => void = () => {};
  let text = "";
  return {
    lines: {
      show(shown: string): void {
        text = shown;
        onShown();
      },
    },
    shows: (wanted: RegExp): Promise<void> =>
      new Promise((resolve) => {
        onShown = () => {
          if (wanted.test(text)) resolve();
        };
        onShown();
      }),
  };
}

test("watchCluster says that the hub is away, and shows the cluster again once it is back", async () => {
  const first = await startHub("ws://127.0.0.1:0");
  const url = first.cluster?.url ?? "";
  const connect = () => connectOperator({ hub: url, token: null });
  const { lines, shows } = createScreen();
  let stop: () => void = () => {};
  const until = new Promise<void>((resolve) => (stop = resolve));
  const watching = watchCluster({ operator: await connect(), connect, lines, until });
  await within(60_000, shows(/│ cloud +│ cloud +│/));
  await first.terminate();
  await within(60_000, shows(/^The hub is away, and is looked for again: .*/));
  const second = await startHub(url);
  await within(60_000, shows(/│ cloud +│ cloud +│[^]*No source runs/));
  stop();
  await within(60_000, watching);
  await second.terminate();
});

test.run();
