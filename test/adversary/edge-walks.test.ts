import { test } from "../support/test.js";
import { EDGE_WALKS } from "./attacks/edge-walks.js";
import { testAttacks } from "./kit/suite.js";

testAttacks(EDGE_WALKS);

test.run();
