import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { fuzzAttacks, FUZZED_RECORDS } from "./fuzz/attacks.js";
import { testAttacks } from "./kit/suite.js";

test("200,000 records of chance come to the handshake and behind it", () => {
  assert.is(FUZZED_RECORDS, 200_000);
});

testAttacks(fuzzAttacks(1));

test.run();
