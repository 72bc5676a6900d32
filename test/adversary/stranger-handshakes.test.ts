import { test } from "../support/test.js";
import { STRANGER_HANDSHAKES } from "./attacks/stranger-handshakes.js";
import { testAttacks } from "./kit/suite.js";

testAttacks(STRANGER_HANDSHAKES);

test.run();
