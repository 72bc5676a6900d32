import { test } from "uvu";
import { Disk, journalsOn, type JournalsOnDisk } from "../../src/simulation/disk.js";
import { journalsContract } from "../contract/journals.js";
import { withSimulatedProcesses } from "./simulated-process.js";

journalsContract("journals of a simulated disk", (work) =>
  withSimulatedProcesses(async ({ timeline, prng, start }) => {
    const disk = new Disk(timeline, prng);
    const durable: JournalsOnDisk = new Map();
    let process = start();
    const kill = (): Promise<void> => {
      process.kill();
      disk.crashed(process);
      return Promise.resolve();
    };
    await work({
      start() {
        process = start();
        return Promise.resolve(journalsOn(disk, process, durable));
      },
      async stop() {
        // Every write under way ends before.
        await timeline.sleep(1_000);
        await kill();
      },
      kill,
    });
  }),
);

test.run();
