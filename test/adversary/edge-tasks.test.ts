import { test } from "../support/test.js";
import { EDGE_TASKS } from "./attacks/edge-tasks.js";
import { testAttacks } from "./kit/suite.js";

testAttacks(EDGE_TASKS);

test.run();
