import { test } from "../support/test.js";
import { FILES } from "./attacks/files.js";
import { testAttacks } from "./kit/suite.js";

testAttacks(FILES);

test.run();
