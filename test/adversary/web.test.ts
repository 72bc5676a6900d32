import { test } from "../support/test.js";
import { WEB } from "./attacks/web.js";
import { testAttacks } from "./kit/suite.js";

testAttacks(WEB);

test.run();
