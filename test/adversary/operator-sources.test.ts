import { test } from "../support/test.js";
import { OPERATOR_SOURCES } from "./attacks/operator-sources.js";
import { testAttacks } from "./kit/suite.js";

testAttacks(OPERATOR_SOURCES);

test.run();
