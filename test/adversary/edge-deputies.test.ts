import { test } from "../support/test.js";
import { EDGE_DEPUTIES } from "./attacks/edge-deputies.js";
import { testAttacks } from "./kit/suite.js";

testAttacks(EDGE_DEPUTIES);

test.run();
