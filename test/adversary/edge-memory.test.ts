import { test } from "../support/test.js";
import { EDGE_MEMORY } from "./attacks/edge-memory.js";
import { testAttacks } from "./kit/suite.js";

testAttacks(EDGE_MEMORY);

test.run();
