/** A store whose disk is really full: who is told, where it shows, and that all goes on once there is room. */

import { rmSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { ALONE, endHub, joined, startHub, type HubProgram } from "../support/hub-program.js";
import { startProgram } from "../support/program.js";
import { diskTest, fill, onDisk } from "../support/small-disk.js";
import { test } from "../support/test.js";

/** Level's log and tables, and room for some hundred records. */
const DISK_BYTES = 16 * 1024 * 1024;
const FULL = /Cannot write .* as (?:its|the) disk is full/;
const ENDLESS = "test:160x90@10,duration=1000";

async function until(shown: RegExp, hub: HubProgram): Promise<void> {
  while (!shown.test((await hub.sluice("nodes")).stdout));
}

diskTest("a full disk of a hub is said, shows in nodes and top, and is over once there is room", () =>
  onDisk(DISK_BYTES, async (disk) => {
    const hub = await startHub(disk, "store");
    const edge = await joined(hub, "edge-1");
    const run = ["run", "--pipeline", "apps/pipelines/default.yaml", "--realtime", "--detach"];
    const started = await hub.sluice(...run, "--id", "cam", "--source", ENDLESS, "--on", "edge-1");
    assert.is(started.exitCode, 0, started.stderr);
    fill(join(disk, "filler"));
    await hub.program.prints(/warning: [^\n]*full[^\n]*; results wait meanwhile/);
    // What a node says of itself comes with its next report.
    await until(/^cloud: .*disk is full/m, hub);
    const top = await hub.sluice("top", "--once");
    assert.match(top.stdout, /cloud: .*disk is full/);
    rmSync(join(disk, "filler"));
    await hub.program.prints(/The store can be written again/);
    await until(/^(?![^]*disk is full)/, hub);
    const stopped = await hub.sluice("stop", "cam");
    assert.is(stopped.exitCode, 0, stopped.stderr);
    const audit = await hub.sluice("audit");
    assert.is(audit.exitCode, 0, audit.stdout);
    edge.signal("SIGTERM");
    await edge.ended;
    await endHub(hub);
  }),
);

diskTest("npm start says in its summary that its disk is full, and goes on once there is room", () =>
  onDisk(DISK_BYTES, async (disk) => {
    const filler = join(disk, "filler");
    const start = () =>
      startProgram(["--single", "--realtime", "--source", ENDLESS, "--store", join(disk, "store")], {
        env: ALONE,
        timeoutMs: 120_000,
      });
    const again = start();
    await again.prints(/stored [1-9]/);
    fill(filler);
    await again.prints(/warning: [^\n]*full[^\n]*; results wait meanwhile/);
    rmSync(filler);
    await again.prints(/The store can be written again/);
    again.signal("SIGTERM");
    const well = await again.ended;
    assert.is(well.exitCode, 0, well.stderr);
    assert.match(well.stdout, /records add up/);

    const full = start();
    await full.prints(/stored [1-9]/);
    fill(filler);
    await full.prints(/warning: [^\n]*full[^\n]*; results wait meanwhile/);
    full.signal("SIGTERM");
    const badly = await full.ended;
    assert.is(badly.exitCode, 1);
    assert.match(badly.stderr, FULL);
    assert.not.match(badly.stderr, "Database is not open");
  }),
);

test.run();
