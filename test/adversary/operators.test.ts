import { test } from "../support/test.js";
import { OPERATORS } from "./attacks/operators.js";
import { testAttacks } from "./kit/suite.js";

testAttacks(OPERATORS);

test.run();
