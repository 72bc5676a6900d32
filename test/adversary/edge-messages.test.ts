import { test } from "uvu";
import { EDGE_MESSAGES } from "./attacks/edge-messages.js";
import { testAttacks } from "./kit/suite.js";

testAttacks(EDGE_MESSAGES);

test.run();
