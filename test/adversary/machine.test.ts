import { test } from "../support/test.js";
import { MACHINE } from "./attacks/machine.js";
import { testAttacks } from "./kit/suite.js";

testAttacks(MACHINE);

test.run();
