/** Shows what a task and a message cost beside what is kept; `--record` keeps it. */

import { measureCosts, readCosts, writeCosts } from "./costs.js";

const costs = await measureCosts(["tasks", "messages"]);
if (process.argv.includes("--record")) await writeCosts(costs);
const kept = await readCosts();
for (const [name, value] of Object.entries(costs) as [keyof typeof costs, number][])
  console.log(
    `${name.padEnd(18)} ${value.toFixed(2).padStart(12)}   kept ${kept[name].toFixed(2).padStart(12)}`,
  );
