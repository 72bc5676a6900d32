import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { SERVICES } from "../../src/services/catalogue.js";
import type { Service } from "../../src/services/service.js";

test("SERVICES names for each service the module that exports it", async () => {
  assert.ok(SERVICES.size > 0);
  for (const [name, declaration] of SERVICES) {
    assert.is(declaration.name, name);
    assert.ok(declaration.module.endsWith(`/${name}.js`), declaration.module);
    const { service } = (await import(declaration.module)) as { readonly service: Service };
    assert.ok("load" in service);
  }
});

test.run();
