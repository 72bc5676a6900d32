import { test } from "uvu";
import { FILES } from "./attacks/files.js";
import { testAttacks } from "./kit/suite.js";

testAttacks(FILES);

test.run();
