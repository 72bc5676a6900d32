import { MemoryBudget } from "../../src/runtime/memory-budget.js";
import type { DoorHub } from "../../src/web/door.js";

/** The hub behind a door. */
export function hubOf(
  onRefused: DoorHub["onRefused"] = () => {},
  memory: MemoryBudget = new MemoryBudget(),
): DoorHub {
  return { onRefused, memory };
}
