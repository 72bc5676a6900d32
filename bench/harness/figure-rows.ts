/** The figures of the README: which case has each, and of whom. Every other text of its table is made from results. */

import type { CaseName } from "./case.js";
import { countText, durationText } from "./figures.js";
import { paddedTable } from "./padded-table.js";
import type { BenchReport, CaseReport } from "./report-file.js";
import { valueOf, type SubjectResult } from "./result.js";

interface FigureRow {
  readonly what: string;
  readonly name: CaseName;
  /** Of latencies; what is no latency has one figure. */
  readonly at?: readonly ("p50" | "p99")[];
  /** Those beside ours, from 1. Default: the baseline. */
  readonly beside?: readonly number[];
}

const BOTH = ["p50", "p99"] as const;

const ROWS: readonly FigureRow[] = [
  { what: "local tell, flood", name: "micro/tell" },
  { what: "the same, parent with 1,000 children", name: "micro/tell-to-parent" },
  { what: "local ask", name: "micro/ask", at: BOTH },
  { what: "heap of an idle actor", name: "micro/heap-of-an-actor" },
  { what: "remote ask, 64 B, two processes", name: "wire/ask-64B", at: ["p50"], beside: [1, 2, 3, 4, 5, 6] },
  { what: "asks of 64 B, 32 under way", name: "wire/ask-64B-x32" },
  { what: "ask with 1 MiB", name: "wire/ask-1MiB", at: ["p50"] },
  { what: "a no-op stage, stored", name: "e2e/stage", at: BOTH },
  { what: "a no-op stage on another node", name: "e2e/remote-stage", at: ["p50"] },
  { what: "two no-op stages over two processes, 100 kB", name: "e2e/two-processes" },
  { what: "tasks of 100 kB, with a journal on disk", name: "e2e/journal", beside: [1, 2] },
  { what: "tasks, each durable before and after its stages", name: "e2e/durable" },
  { what: "a decision by `predictive`, 100 sources x 5 stages x 20 nodes", name: "micro/decision", at: BOTH },
  { what: "a round of them, for all 100 sources", name: "micro/decision-round", at: BOTH },
  { what: "a table acknowledged by 20 nodes", name: "swap/acknowledged", at: BOTH },
  { what: "from a decision to the first result under it", name: "swap/first-result", at: BOTH },
  { what: "tasks under 1,000 random swaps, with kills", name: "swap/random", at: ["p99"] },
  { what: "tasks with YOLOX, moved to a cold node", name: "swap/cold-model", at: ["p99"] },
  { what: "until a killed node's tasks run elsewhere", name: "failover/killed", at: ["p50"] },
  { what: "until a silent node's tasks run elsewhere", name: "failover/silent", at: ["p50"] },
  { what: "a hub killed and restarted: same plans in force", name: "failover/hub-restart", at: ["p50"] },
  { what: "process start to member of a cluster", name: "e2e/member", at: ["p50"] },
  { what: "process start to the first stored task of the demo", name: "e2e/first-task", at: ["p50"] },
  { what: "a hub with 200 idle members", name: "scale/idle-hub" },
  { what: "an idle edge, joined to a hub", name: "scale/idle-edge-cpu" },
  { what: "the same: resident memory", name: "scale/idle-edge-memory" },
];

/** Where others took more of the processors it is they who were measured: no time of such a case is quoted. */
const QUOTED_OTHERS_MAX = 0.25;

/** The README's text about figures: what they were measured on, and a table. */
export function figuresText(report: BenchReport): string {
  const { machine, date } = report;
  const cases = new Map(report.cases.map((result) => [result.name, result]));
  const rows = ROWS.flatMap((row) => {
    const result = cases.get(row.name);
    return result === undefined ? [] : [[...cells(row, result), `\`${row.name}\``]];
  });
  return [
    `${machine.processors}, Node ${machine.node}, commit ${machine.commit}, ${date.slice(0, 10)}. \`npm run bench -- NAME\` measures a row again.`,
    "",
    ...paddedTable(["What", "Sluice", "Beside it in the same run", "Case"], rows),
  ].join("\n");
}

function cells({ what, at = [], beside = [1] }: FigureRow, result: CaseReport): readonly string[] {
  const [ours] = result.subjects;
  const label = at.length === 0 ? what : `${what}, ${at.join(" / ")}`;
  if (ours === undefined) return [label, "", ""];
  if (result.kind !== "amount" && (result.othersShare ?? 0) > QUOTED_OTHERS_MAX)
    return [label, "others kept the machine too busy", ""];
  const others = beside.flatMap((index) => result.subjects[index] ?? []);
  return [
    label,
    figureText(result, ours, at),
    others.map((other) => `${other.name}: ${figureText(result, other, at)}`).join("; "),
  ];
}

function figureText(
  { kind, operation }: CaseReport,
  subject: SubjectResult,
  at: readonly ("p50" | "p99")[],
): string {
  const { latency } = subject;
  if (latency !== null) return at.map((statistic) => durationText(latency[statistic])).join(" / ");
  const value = countText(valueOf(subject));
  return kind === "rate" ? `${value} ${operation}/s` : `${value} ${operation}`;
}
