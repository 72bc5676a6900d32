/** What the holder of an operator's token can do beyond what operators may: to components, and to whoever reads its orders. */

import { must, type ClusterAttack } from "../kit/attack.js";
import type { HostileMember } from "../kit/member.js";
import { addSource, byOperator, ORDER_MS, refusalOf, refused } from "../kit/orders.js";
import { abandonOf, begun, dropOf, finished } from "../kit/tasks.js";

const INVALID = ["pipeline-invalid"];
const DEPUTY_PATHS = ["controller", "scheduler", "distributor", "monitor"];

/** Behind an order that takes its node long, the node answers others first. */
async function looksUp(rogue: HostileMember, node: string, pipeline: string): Promise<void> {
  const order: string[] = [];
  const adding = addSource(rogue, node, { pipeline }).then((reply) => {
    order.push("order");
    return reply;
  });
  const asking = rogue
    .ask(`${node}/controller`, (replyTo) => ({ type: "reportQueues", replyTo }), ORDER_MS)
    .then(() => void order.push("question"));
  const [reply] = await Promise.all([adding, asking]);
  must(refusalOf(reply) !== null, `${node} answered ${JSON.stringify(reply).slice(0, 100)}`);
  must(order[0] === "question", `${node} does nothing else while it reads the pipeline`);
}

function deputy(
  id: string,
  what: string,
  message: (replyTo: unknown) => readonly [string, object],
): ClusterAttack {
  return byOperator(id, what, "counted", async (rogue) => {
    for (const path of DEPUTY_PATHS) {
      const [target, sent] = message(rogue.ref(`cloud/${path}`));
      rogue.tell(target, sent);
    }
    await rogue.arrived("cloud");
  });
}

export const OPERATORS: readonly ClusterAttack[] = [
  deputy(
    "operator.deputy-query",
    "an operator has the answer to a query told to the hub's own components",
    (replyTo) => ["cloud/distributor", { type: "query", query: { limit: 1 }, replyTo }],
  ),
  deputy(
    "operator.deputy-subscribe",
    "an operator subscribes the hub's own components to the results",
    (subscriber) => ["cloud/distributor", { type: "subscribe", subscriber, fromPosition: 0, demand: 10 }],
  ),
  deputy(
    "operator.deputy-reports",
    "an operator has tables, nodes and totals told to the hub's own components",
    (replyTo) => ["cloud/scheduler", { type: "reportTable", replyTo }],
  ),
  deputy(
    "operator.deputy-policy",
    "an operator has the answer to a policy told to the hub's own components",
    (replyTo) => [
      "cloud/scheduler",
      { type: "setPolicy", sourceId: "nothing", policy: { name: "edge-only", parameters: {} }, replyTo },
    ],
  ),
  deputy(
    "operator.deputy-agent",
    "an operator has an agent's answers told to the hub's own components",
    (replyTo) => ["cloud/agent", { type: "drainSource", sourceId: "nothing", replyTo }],
  ),
  byOperator(
    "operator.deputy-others",
    "an operator has the hub's answers told to another operator's actors",
    "counted",
    async (rogue, scene) => {
      const ears = scene.scout.listener("overheard");
      for (const [path, type] of [
        ["controller", "reportQueues"],
        ["scheduler", "reportNodes"],
        ["distributor", "reportTotals"],
      ] as const) {
        rogue.tell(`cloud/${path}`, { type, replyTo: rogue.ref("scout/overheard") });
      }
      await rogue.arrived("cloud");
      await scene.goesOn(2, 10_000);
      must(ears.heard.length === 0, `another operator was told ${String(ears.heard[0]?.["type"])}`);
    },
  ),
  byOperator(
    "operator.deputy-watch-events",
    "an operator has the hub's own components told what happens there",
    "survived",
    async (rogue) => {
      for (const path of DEPUTY_PATHS) {
        rogue.tell("cloud/agent", {
          type: "watchEvents",
          listener: rogue.ref(`cloud/${path}`),
          after: null,
        });
      }
      // Something happens.
      await addSource(rogue, "cloud", {});
    },
  ),
  byOperator(
    "operator.tasks",
    "an operator stores, drops, submits, abandons and settles tasks",
    "counted",
    async (rogue, scene) => {
      const id = { ...scene.newest("cam-1"), sequence: scene.newest("cam-1").sequence + 1_000_000 };
      for (const [target, message] of [
        ["cloud/distributor", { type: "store", task: finished(id) }],
        ["cloud/distributor", { type: "recordDrop", drop: dropOf(id) }],
        ["cloud/controller", { type: "submit", task: begun(id) }],
        ["cloud/controller", abandonOf(id)],
        ["edge-1/source-cam-1", { type: "taskSettled", id, outcome: { status: "stored" } }],
        ["edge-1/source-cam-1", { type: "drain" }],
      ] as const) {
        // Each is refused for itself: whether one is counted says nothing of the others.
        const answer = await rogue.ask(target, () => message);
        must(answer === "permission-denied", `${target} answered ${JSON.stringify(answer)}`);
      }
      await scene.goesOn(2, 10_000);
      must(!scene.follower.lines.some((line) => line.id.sequence === id.sequence), "one was stored");
    },
  ),
  byOperator(
    "operator.policies",
    "an operator sets policies with odd names and parameters",
    "survived",
    async (rogue) => {
      let deep: unknown = 1;
      for (let n = 0; n < 50; n += 1) deep = { deep };
      for (const policy of [
        { name: "__proto__", parameters: {} },
        { name: "constructor", parameters: {} },
        { name: "fixed", parameters: { placement: { find: "__proto__", follow: 7, sift: null } } },
        { name: "fixed", parameters: { placement: deep } },
        { name: "dynamic", parameters: { deep, sloMs: -1, periodMs: Number.MAX_VALUE } },
        {
          name: "x".repeat(128),
          parameters: Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`k${n}`, n])),
        },
      ]) {
        const reply = await rogue.ask("cloud/scheduler", (replyTo) => ({
          type: "setPolicy",
          sourceId: "nothing",
          policy,
          replyTo,
        }));
        must(
          reply === "permission-denied" || Object(reply)["type"] === "policyRefused",
          JSON.stringify(reply),
        );
      }
    },
  ),
  byOperator(
    "operator.subscriptions",
    "an operator subscribes 1,500 times, and asks for all that there is, without end",
    "survived",
    async (rogue) => {
      const all = Array.from({ length: 1_500 }, (_, n) => rogue.listener(`ears-${n}`));
      for (const [at, { ref }] of all.entries()) {
        // Some ask for all that there is, the others for what is to come, and none takes it in turns.
        const fromPosition = at < 20 ? 0 : 1e9;
        rogue.tell("cloud/distributor", {
          type: "subscribe",
          subscriber: ref,
          fromPosition,
          demand: 100_000,
        });
        rogue.tell("cloud/distributor", { type: "demand", subscriber: ref, count: 100_000 });
      }
      await rogue.arrived("cloud");
      const told = all.at(-1)?.next(({ type }) => type === "subscriptionFailed");
      await told?.catch(() => must(false, "there is no end of subscriptions"));
    },
  ),
  byOperator("operator.queries", "an operator asks 500 queries at once", "survived", async (rogue) => {
    const replies = await Promise.all(
      Array.from({ length: 500 }, () =>
        rogue.ask(
          "cloud/distributor",
          (replyTo) => ({ type: "query", query: { limit: 10_000 }, replyTo }),
          30_000,
        ),
      ),
    );
    const busy = replies.filter((reply) => Object(reply)["type"] === "queryFailed").length;
    must(busy > 0, "all were answered");
  }),
  byOperator(
    "operator.yaml-deep",
    "an operator asks for a pipeline that nests as deep as it is long, at the bound of its size and beyond",
    "counted",
    async (rogue) => {
      for (const node of ["cloud", "edge-1"]) {
        for (const [part, times] of [
          ["[", 260_000],
          ["{a: ", 64_000],
          ["- ", 130_000],
          ["? ", 130_000],
        ] as const) {
          await refused(rogue, node, { pipeline: part.repeat(times) }, INVALID);
        }
        await refused(rogue, node, { pipeline: `a: !!x ${"[[".repeat(120_000)}` }, INVALID);
        await refused(rogue, node, { pipeline: "[".repeat(280_000) }, ["permission-denied"]);
      }
    },
  ),
  byOperator(
    "operator.yaml-aliases",
    "an operator asks for a pipeline whose aliases multiply",
    "survived",
    async (rogue) => {
      const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"];
      for (let n = 1; n < 30; n += 1) {
        lines.push(`a${n}: &a${n} [${Array.from({ length: 9 }, () => `*a${n - 1}`).join(", ")}]`);
      }
      const pipeline = `pipeline: x\nstages:\n  find: {service: find}\n${lines.join("\n")}\n`;
      await refused(rogue, "edge-1", { pipeline }, INVALID);
      await refused(rogue, "edge-1", { pipeline: "pipeline: &a [*a]\nstages: {}\n" }, INVALID);
    },
  ),
  byOperator(
    "operator.yaml-megabyte",
    "an operator asks for the largest pipelines that there may be and for larger ones, and the node does nothing else while it reads",
    "counted",
    async (rogue) => {
      const stages = (count: number): string =>
        `pipeline: x\nstages:\n${Array.from({ length: count }, (_, n) => `  k${n}: {a: 1}`).join("\n")}\n`;
      await looksUp(rogue, "edge-1", stages(2_800));
      await looksUp(rogue, "cloud", "]".repeat(20_000));
      // A flood of them: those beyond the queue are told to come again.
      const replies = await Promise.all(
        Array.from({ length: 40 }, () => addSource(rogue, "edge-1", { pipeline: stages(300) })),
      );
      must(
        replies.every((reply) => refusalOf(reply)?.code === "pipeline-invalid"),
        "one was not refused",
      );
      await refused(rogue, "edge-1", { pipeline: stages(60_000) }, ["permission-denied"]);
    },
  ),
  byOperator(
    "operator.yaml-prototype",
    "an operator asks for a pipeline with the keys of JavaScript's own objects",
    "survived",
    async (rogue) => {
      for (const key of ["__proto__", "constructor", "hasOwnProperty", '"__proto__"']) {
        for (const pipeline of [
          `pipeline: x\nstages:\n  ${key}:\n    service: ${key}\n`,
          `pipeline: x\nstages:\n  find:\n    service: find\n    ${key}: {a: 1}\n`,
        ]) {
          await refused(rogue, "edge-1", { pipeline }, INVALID);
        }
      }
      await refused(rogue, "edge-1", { configuration: { __proto__: null, constructor: 1 } }, [
        "configuration-invalid",
      ]);
    },
  ),
];
