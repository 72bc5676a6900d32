import { test } from "../support/test.js";
import { EDGE_LIES } from "./attacks/edge-lies.js";
import { testAttacks } from "./kit/suite.js";

testAttacks(EDGE_LIES);

test.run();
