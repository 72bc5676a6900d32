import { test } from "uvu";
import { MACHINE } from "./attacks/machine.js";
import { testAttacks } from "./kit/suite.js";

testAttacks(MACHINE);

test.run();
