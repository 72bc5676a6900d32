import { join } from "node:path";
import { test } from "../../support/test.js";
import { openLevelStore } from "../../../src/storage/results/level-store.js";
import { storeContract } from "../../contract/store.js";
import { inTemporaryFolder } from "../../support/temporary-folder.js";

storeContract("LevelStore", {
  use: (work) => inTemporaryFolder((folder) => work(() => openLevelStore(join(folder, "store")))),
  durable: true,
});

test.run();
