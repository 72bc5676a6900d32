/** All attacks, by who makes them. */

import type { Attack } from "../kit/attack.js";
import { fuzzAttacks } from "../fuzz/attacks.js";
import { DISKS } from "./disks.js";
import { EDGE_CLAIMS } from "./edge-claims.js";
import { EDGE_DEPUTIES } from "./edge-deputies.js";
import { EDGE_LIES } from "./edge-lies.js";
import { EDGE_MEMORY } from "./edge-memory.js";
import { EDGE_MESSAGES } from "./edge-messages.js";
import { EDGE_OPERATORS } from "./edge-operators.js";
import { EDGE_TASKS } from "./edge-tasks.js";
import { EDGE_WALKS } from "./edge-walks.js";
import { FILES } from "./files.js";
import { MACHINE } from "./machine.js";
import { OPERATOR_SOURCES } from "./operator-sources.js";
import { OPERATORS } from "./operators.js";
import { STORES } from "./stores.js";
import { STRANGER_HANDSHAKES } from "./stranger-handshakes.js";
import { STRANGER_SOCKETS } from "./stranger-sockets.js";
import { WEB } from "./web.js";

const GIVEN: readonly Attack[] = [
  ...STRANGER_HANDSHAKES,
  ...STRANGER_SOCKETS,
  ...WEB,
  ...EDGE_DEPUTIES,
  ...EDGE_TASKS,
  ...EDGE_WALKS,
  ...EDGE_CLAIMS,
  ...EDGE_LIES,
  ...EDGE_MESSAGES,
  ...EDGE_OPERATORS,
  ...EDGE_MEMORY,
  ...OPERATORS,
  ...OPERATOR_SOURCES,
  ...DISKS,
  ...STORES,
  ...MACHINE,
  ...FILES,
];

/** @param seed of what chance makes */
export function allAttacks(seed: number): readonly Attack[] {
  return [...GIVEN, ...fuzzAttacks(seed)];
}
