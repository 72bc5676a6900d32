import { test } from "../support/test.js";
import { EDGE_MESSAGES } from "./attacks/edge-messages.js";
import { testAttacks } from "./kit/suite.js";

testAttacks(EDGE_MESSAGES);

test.run();
