import { test } from "../support/test.js";
import { EDGE_CLAIMS } from "./attacks/edge-claims.js";
import { testAttacks } from "./kit/suite.js";

testAttacks(EDGE_CLAIMS);

test.run();
