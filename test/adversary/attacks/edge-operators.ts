/** What an edge can make operators believe, and their terminals show. */

import { join } from "node:path";
import { writeFile } from "node:fs/promises";
import { hasControls } from "../kit/terminal.js";
import { must, type ClusterAttack } from "../kit/attack.js";
import type { HostileMember } from "../kit/member.js";
import { LEAKED, LEAKED_EVENTS, type Scene } from "../kit/scene.js";
import { dropOf, FORGED, originOf, vouchedBy } from "../kit/tasks.js";

const ESCAPE = "\u001b]0;owned\u0007\u001b[2J";

function attack(
  id: string,
  what: string,
  expected: ClusterAttack["expected"],
  play: (rogue: HostileMember, scene: Scene) => Promise<void>,
): ClusterAttack {
  return {
    id,
    who: "edge",
    what,
    expected,
    against: "cluster",
    play: async (scene) => play(await scene.member(), scene),
  };
}

/** The members that are operators, as any member sees them, but for the one of this test. */
function operatorsSeenBy({ cluster }: HostileMember): readonly string[] {
  return [...cluster.members.values()]
    .filter(({ roles, name }) => roles.includes("operator") && name !== "scout")
    .map(({ name }) => name);
}

function forgedRecord(position: number): Readonly<Record<string, unknown>> {
  return {
    type: "gap",
    position,
    id: { sourceId: FORGED, incarnation: 1, sequence: 0 },
    reason: "poison",
    stage: null,
    node: "edge-1",
    sourceAtMs: 0,
    storedAtMs: Date.now(),
    detail: FORGED,
  };
}

function recordsOf({ followed }: Scene): readonly { readonly id: { readonly sourceId: string } }[] {
  return followed.flatMap((event) => (event.type === "record" ? [event.record] : []));
}

/** An edge whose own agent answers what it likes. */
function answersAs(rogue: HostileMember, path: string, answer: unknown): void {
  rogue.system.spawn(
    {
      start: () => null,
      receive(state, message: { readonly replyTo?: { readonly tell: (reply: unknown) => void } }) {
        message.replyTo?.tell(answer);
        return state;
      },
    },
    { name: path },
  );
}

const STAGE = { pipelineId: "honest", pipelineVersion: 1, stage: "find" };
const LEDGER = {
  type: "ledgerReported",
  sourceId: "cam-9",
  incarnation: 1,
  created: 1,
  stored: 1,
  dropped: {},
  inFlight: 0,
  window: 16,
  redelivered: 0,
  accounts: [],
  framesSkipped: 0,
  status: "ended",
};

export const EDGE_OPERATORS: readonly ClusterAttack[] = [
  attack(
    "edge.into-follower",
    "an edge puts a record of its own into what an operator follows, under a name that it knows",
    "counted",
    async (rogue, scene) => {
      for (const operator of operatorsSeenBy(rogue)) {
        for (let n = 1; n <= 20; n += 1) {
          rogue.tell(`${operator}/follower-${n}`, { type: "record", record: forgedRecord(1e9) });
        }
      }
      rogue.tell(`scout/${LEAKED}`, { type: "record", record: forgedRecord(1e9) });
      // An address of the hub's that leads there speaks for whoever gave it.
      rogue.tell("cloud/monitor", { type: "ping", sentAtMs: 1, replyTo: rogue.ref(`scout/${LEAKED}`) });
      await rogue.arrived("cloud");
      await scene.goesOn(3, 10_000);
      const seen = [...scene.follower.lines, ...recordsOf(scene)].some(({ id }) => id.sourceId === FORGED);
      must(!seen, "the operator was shown a record that nobody stored");
    },
  ),
  attack(
    "edge.follower-error",
    "an edge ends what an operator follows with an error of its own, under a name that it knows",
    "counted",
    async (rogue, scene) => {
      for (const operator of operatorsSeenBy(rogue)) {
        for (let n = 1; n <= 20; n += 1) {
          rogue.tell(`${operator}/follower-${n}`, { type: "subscriptionFailed", error: new Error(FORGED) });
        }
      }
      rogue.tell(`scout/${LEAKED}`, { type: "subscriptionFailed", error: new Error(FORGED) });
      rogue.tell(`scout/${LEAKED}`, { type: "recordsExpired", fromPosition: 0, toPosition: 2 ** 40 });
      const before = scene.followed.length;
      await scene.goesOn(3, 10_000);
      const odd = scene.followed.find(({ type }) => type !== "record");
      must(odd === undefined, `the operator was told "${odd?.type ?? ""}"`);
      must(scene.followed.length > before, "what the operator follows goes on no more");
    },
  ),
  attack(
    "edge.into-events",
    "an edge tells an operator what happens on another edge, under a name that it knows",
    "counted",
    async (rogue, scene) => {
      const ears = scene.scout.listener(LEAKED_EVENTS("edge-1"));
      for (const event of [
        { type: "watching" },
        { type: "sourceEnded", sourceId: "cam-1", error: null, ledger: { ...LEDGER, sourceId: "cam-1" } },
        { type: "sourceStalled", sourceId: "cam-1", reason: "stalled", detail: "forged", attempt: 1 },
        { type: "stageFailed", node: "edge-1", stage: STAGE, error: new Error(FORGED) },
      ].map((told, number) => ({ ...told, at: { run: 7, number } }))) {
        rogue.tell(`scout/${LEAKED_EVENTS("edge-1")}`, event);
      }
      await rogue.arrived("cloud");
      await scene.goesOn(2, 10_000);
      const [heard] = ears.heard;
      await scene.scout.system.stop(ears.ref);
      must(heard === undefined, `the operator was told "${String(heard?.["type"])}" of another's`);
    },
  ),
  attack(
    "edge.run-ended",
    "an edge ends the run that an operator follows, as if it had ended well",
    "survived",
    async (rogue, scene) => {
      const { workshop, url, operatorToken } = scene;
      const file = join(workshop.folder, "run.yaml");
      await writeFile(file, "pipeline: followed\nstages:\n  find:\n    service: motion-detection\n");
      const known = new Set(operatorsSeenBy(rogue));
      const program = workshop.start(
        [
          "run",
          "--pipeline",
          file,
          "--source",
          "test:64x64@5,duration=600",
          "--realtime",
          "--on",
          rogue.name,
          "--id",
          "followed",
          "--hub",
          url,
        ],
        { env: { SLUICE_TOKEN: operatorToken } },
      );
      answersAs(rogue, "agent", { type: "done" });
      const newcomer = await operatorBeside(rogue, known);
      // Its agent is the rogue's own; another edge's events are what it must not be told.
      const other = await scene.member();
      for (let turn = 0; turn < 200 && program.ended === null; turn += 1) {
        for (let n = 1; n <= 3; n += 1) {
          other.tell(`${newcomer}/events-of-${rogue.name}-${n}`, {
            type: "sourceEnded",
            sourceId: "followed",
            error: null,
            ledger: LEDGER,
          });
        }
        await other.arrived("cloud");
      }
      const fooled = program.ended;
      program.signal("SIGKILL");
      must(fooled === null, `the run ended with ${fooled ?? ""}`);
    },
  ),
  attack(
    "edge.odd-ledger",
    "an edge answers an audit with a ledger that is none",
    "survived",
    async (rogue, scene) => {
      const ledgers = [
        { ...LEDGER, created: Number.NaN, accounts: [{ incarnation: 1, created: 1e12, outstanding: [] }] },
        { ...LEDGER, sourceId: 7, accounts: null },
        { ...LEDGER, accounts: [{ incarnation: -1, created: "x", outstanding: [Infinity, -1] }] },
        null,
        { type: "nothing" },
      ];
      answersAs(rogue, "agent", { type: "sourcesReported", node: rogue.name, ledgers });
      for (const command of [["audit"], ["top", "--once"], ["nodes"]]) {
        const { exitCode, stdout, stderr } = await scene.cli(...command);
        must(
          !/TypeError|RangeError|\n\s+at /.test(stdout + stderr),
          `${command.join(" ")} crashed: ${stderr.slice(0, 120)}`,
        );
        must(exitCode === 0 || exitCode === 1, `${command.join(" ")} ended with ${exitCode ?? "a signal"}`);
      }
    },
  ),
  attack(
    "edge.ledgers-of-others",
    "an edge answers operators with ledgers of another's camera: that it runs there, and has made more",
    "survived",
    async (rogue, scene) => {
      const { incarnation } = scene.newest("cam-1");
      const outstanding = Array.from({ length: 1_000 }, (_, at) => 900_000 + at);
      const accounts = [{ incarnation, created: 1_000_000, outstanding }];
      const ledger = {
        ...LEDGER,
        timeSteps: 0,
        sourceId: "cam-1",
        incarnation,
        created: 1_000_000,
        accounts,
      };
      answersAs(rogue, "agent", { type: "sourcesReported", node: rogue.name, ledgers: [ledger] });
      const { stdout } = await scene.cli("sources", "--json");
      const listed = JSON.parse(stdout) as readonly {
        readonly source: string;
        readonly [field: string]: unknown;
      }[];
      const camera = listed.find(({ source }) => source === "cam-1");
      must(camera?.["node"] === "edge-1", `operators are told that ${String(camera?.["node"])} has it`);
      must(Number(camera["created"]) < 1_000_000, "operators are told of tasks that it never made");
    },
  ),
  attack(
    "edge.escape-detail",
    "an edge's words move the operator's terminal: in the detail of a drop",
    "survived",
    async (rogue, scene) => {
      const id = { sourceId: `esc-${rogue.name}`, incarnation: 1, sequence: 0 };
      const drop = dropOf(id, { detail: ESCAPE, node: rogue.name, origin: originOf(rogue.name, id) });
      rogue.tell("cloud/distributor", { type: "recordDrop", drop: vouchedBy(rogue.vouch, drop) });
      await rogue.arrived("cloud");
      await scene.goesOn(2, 10_000);
      must(
        scene.follower.lines.some((line) => line.id.sourceId === id.sourceId),
        "the drop of its own was not stored, so nothing was tried",
      );
      const { stdout, stderr } = await scene.cli("results", "--limit", "100000");
      must(!hasControls(stdout + stderr), "`sluice results` passes its control characters on");
    },
  ),
  attack(
    "edge.escape-error",
    "an edge's words move the operator's terminal: in an error of its agent",
    "survived",
    async (rogue, scene) => {
      answersAs(rogue, "agent", { type: "refused", error: new Error(`No ${ESCAPE}`) });
      const file = join(scene.workshop.folder, "escape.yaml");
      await writeFile(file, "pipeline: escape\nstages:\n  find:\n    service: motion-detection\n");
      const { stdout, stderr } = await scene.cli(
        "run",
        "--pipeline",
        file,
        "--source",
        "test:",
        "--on",
        rogue.name,
      );
      must(!hasControls(stdout + stderr), "`sluice run` passes its control characters on");
    },
  ),
  attack(
    "edge.escape-version",
    "an edge's words move the operator's terminal: in its version and in what it samples",
    "survived",
    async (_, scene) => {
      const { joinCluster, createActorSystem, createWsCarrier, silentLogger, systemClock } =
        await import("../../../src/index.js");
      const system = createActorSystem({ name: "escaping", log: silentLogger });
      const cluster = await joinCluster(system, {
        carrier: createWsCarrier({ clock: systemClock }),
        connect: { url: scene.url },
        token: scene.edgeToken,
        version: ESCAPE.slice(0, 64),
      });
      try {
        for (const command of [["nodes"], ["top", "--once"], ["nodes", "--all"]]) {
          const { stdout, stderr } = await scene.cli(...command);
          must(
            !hasControls(stdout + stderr),
            `\`sluice ${command.join(" ")}\` passes its control characters on`,
          );
        }
      } finally {
        await cluster.leave();
        await system.terminate();
      }
    },
  ),
];

/** The operator that joins besides those that are known. */
async function operatorBeside(rogue: HostileMember, known: ReadonlySet<string>): Promise<string> {
  return new Promise((resolve) => {
    const end = rogue.cluster.subscribe((event) => {
      if (event.type !== "memberUp" || !event.member.roles.includes("operator")) return;
      if (known.has(event.member.name) || event.member.name === "scout") return;
      queueMicrotask(() => end());
      resolve(event.member.name);
    });
  });
}
