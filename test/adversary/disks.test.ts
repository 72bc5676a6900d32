import { test } from "../support/test.js";
import { DISKS } from "./attacks/disks.js";
import { testAttacks } from "./kit/suite.js";

testAttacks(DISKS);

test.run();
