import { simulate } from "../src/simulation/run.js";
const seeds = Number(process.argv[2] ?? 1);
const first = Number(process.argv[3] ?? 1);
const started = performance.now();
let simulated = 0;
for (let seed = first; seed < first + seeds; seed++) {
  const report = await simulate({
    seed,
    plant: (process.argv[4] as never) ?? null,
    keepHistory: seeds === 1,
  });
  simulated += report.simulatedMs;
  if (seeds === 1 || report.findings.length > 0)
    console.log({ ...report, lines: report.lines.length, faults: report.faults.length });
  if (seeds === 1) for (const line of report.lines) if (!line.includes("->")) console.log(line);
}
const realMs = performance.now() - started;
console.log(
  `${seeds} seeds, ${(simulated / 1000).toFixed(0)} s in ${(realMs / 1000).toFixed(1)} s: ${(simulated / realMs).toFixed(0)}x`,
);
