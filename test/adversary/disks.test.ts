import { test } from "uvu";
import { DISKS } from "./attacks/disks.js";
import { testAttacks } from "./kit/suite.js";

testAttacks(DISKS);

test.run();
