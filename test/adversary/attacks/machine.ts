/** Machines that are short of descriptors, that kill, and whose clocks are wrong. */

import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { findFfmpeg } from "../../../src/actors/generator/ffmpeg-binary.js";
import { must, onCluster, onProgram, type Attack } from "../kit/attack.js";
import { runSource, startEdge, startHub, until } from "../kit/programs.js";

export const MACHINE: readonly Attack[] = [
  onProgram(
    "machine",
    "machine.few-descriptors",
    "a hub may open few files: it says so, and drops nothing in silence",
    async (workshop) => {
      const hub = workshop.start(
        ["hub", "--listen", "127.0.0.1:0", "--store", join(workshop.folder, "store")],
        {
          limits: "ulimit -n 64",
        },
      );
      await Promise.race([hub.says(/Hub "cloud" at/).catch(() => {}), hub.exited()]);
      must(
        /descriptor|open files|ulimit|EMFILE/i.test(hub.words),
        `it says ${JSON.stringify(hub.words.slice(0, 80))}`,
      );
      must(!/\n\s+at |node:internal/.test(hub.words), "it ends with a stack");
    },
  ),
  onProgram(
    "machine",
    "machine.no-descriptors-left",
    "an edge has no descriptor left when a source is to start",
    async (workshop) => {
      const hub = await startHub(workshop);
      const edge = await startEdge(
        workshop,
        hub,
        { limits: "ulimit -n 140", env: { SLUICE_FFMPEG: findFfmpeg() } },
        ["--listen", "127.0.0.1:0"],
      );
      const [, port = "0"] = await edge.says(/at ws:\/\/127\.0\.0\.1:(\d+)\nJoin/);
      const letGo = holdOpen(Number(port), 300);
      await runSource(workshop, hub, "test:64x64@10,duration=1", "--detach");
      letGo();
      const { stdout } = await workshop.run(["nodes", "--store", hub.store]);
      must(edge.ended === null, `the edge ended (${edge.ended ?? ""}): ${edge.words.slice(-160)}`);
      must(stdout.includes("edge-1"), "the edge is no member any more");
    },
  ),
  onProgram(
    "machine",
    "machine.orphans",
    "an edge is killed while its ffmpeg waits for a camera that says nothing",
    async (workshop) => {
      const hub = await startHub(workshop);
      const edge = await startEdge(workshop, hub);
      const port = await workshop.listen();
      await runSource(workshop, hub, `http://127.0.0.1:${port}/video`, "--detach");
      await until(() => workshop.processes().some(({ command }) => command.includes("ffmpeg")));
      edge.signal("SIGKILL");
      await edge.exited();
      let left = 1;
      for (let turn = 0; turn < 20 && left > 0; turn += 1) {
        // Another command of a user takes its time, and so may the end of ffmpeg.
        await workshop.run(["token", "list", "--store", hub.store]);
        left = workshop.processes().filter(({ command }) => command.includes("ffmpeg")).length;
      }
      must(left === 0, `${left} ffmpeg outlive the edge`);
    },
  ),
  ...[
    ["clock.ahead", 60_000, "the clock of an edge is a minute ahead when it joins"] as const,
    ["clock.behind", -60_000, "the clock of an edge is a minute behind when it joins"] as const,
    [
      "clock.month-behind",
      -30 * 86_400_000,
      "an edge without a battery for its clock joins a month ago",
    ] as const,
  ].map(([id, clockOffMs, what]) =>
    onCluster("clock", id, what, "survived", async (scene) => {
      const name = `${id.replace(".", "-")}-edge`;
      const edge = scene.workshop.node({
        name,
        join: scene.url,
        token: scene.edgeToken,
        clockOffMs,
        source: { id: `cam-of-${name}`, policy: "cloud-only", deadlineMs: 5_000 },
      });
      try {
        await edge.heard("up");
        await scene.goesOn(60, 20_000);
        const own = scene.follower.lines.filter((line) => line.id.sourceId === `cam-of-${name}`);
        const stored = own.filter(({ type }) => type === "result");
        must(
          stored.length >= 20,
          `of its tasks ${stored.length} were stored and ${own.length - stored.length} dropped`,
        );
        const wild = stored.filter(
          ({ sourceAtMs, storedAtMs }) => Math.abs(storedAtMs - sourceAtMs) > 20_000,
        );
        must(wild.length === 0, `${wild.length} of ${stored.length} took more than 20 s by their times`);
      } finally {
        await edge.kill();
      }
    }),
  ),
];

/** Keeps so many connections open, each made anew where it is closed. @returns ends it */
function holdOpen(port: number, count: number): () => void {
  const sockets = new Set<Socket>();
  let over = false;
  const open = (): void => {
    if (over) return;
    const socket = connect({ host: "127.0.0.1", port });
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => {
      sockets.delete(socket);
      setImmediate(open);
    });
  };
  for (let n = 0; n < count; n += 1) open();
  return () => {
    over = true;
    for (const socket of sockets) socket.destroy();
  };
}
