import { test } from "../support/test.js";
import { EDGE_OPERATORS } from "./attacks/edge-operators.js";
import { testAttacks } from "./kit/suite.js";

testAttacks(EDGE_OPERATORS);

test.run();
