import { test } from "uvu";
import { Disk, createDiskJournals, type JournalsOnDisk } from "../../src/simulation/disk.js";
import { journalsContract } from "../contract/journals.js";
import { withSimulatedProcesses } from "./simulated-process.js";

journalsContract("journals of a simulated disk", (work) =>
  withSimulatedProcesses(async ({ time, prng, start }) => {
    const disk = new Disk(time, prng);
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
        return Promise.resolve(createDiskJournals(disk, process, durable));
      },
      async stop() {
        // Every write under way ends before.
        await time.sleep(1_000);
        await kill();
      },
      kill,
    });
  }),
);

test.run();
