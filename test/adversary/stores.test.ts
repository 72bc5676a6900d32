import { test } from "../support/test.js";
import { STORES } from "./attacks/stores.js";
import { testAttacks } from "./kit/suite.js";

testAttacks(STORES);

test.run();
