import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { errorText } from "../../src/runtime/errors.js";
import { SERVICES } from "../../src/services/catalogue.js";
import type { Service } from "../../src/services/service.js";
import { parsePipelineFile } from "../../src/task/pipeline-file.js";

const FOLDER = fileURLToPath(new URL("../../../apps/pipelines/", import.meta.url));
const read = (file: string) => parsePipelineFile(readFileSync(FOLDER + file, "utf8"), file, SERVICES);

for (const file of readdirSync(FOLDER)) {
  test(`pipeline ${file} is valid, and its services take its parameters`, async () => {
    const { pipeline } = read(file);
    assert.is(`${pipeline.id}.yaml`, file);
    for (const stage of pipeline.stages) {
      const { service } = (await import(SERVICES.get(stage.service)?.module ?? "")) as {
        readonly service: Service;
      };
      const problem = await service
        .load({ parameters: stage.parameters, modelDir: null })
        .then(async (instance): Promise<undefined> => {
          await instance.close();
          return undefined;
        }, errorText);
      // Without a folder of models a detector gets as far as looking for its own.
      if (problem !== undefined) assert.match(problem, "--model-dir");
    }
  });
}

test("pipeline default.yaml forks after motion into two branches that end apart", () => {
  const { stages } = read("default.yaml").pipeline;
  assert.equal(
    stages.map(({ id, successors }) => [id, successors]),
    [
      ["motion", ["tracks", "colours"]],
      ["tracks", []],
      ["colours", []],
    ],
  );
});

test("each service of the catalogue is under its own name and exports a service", async () => {
  for (const [name, declaration] of SERVICES) {
    assert.is(declaration.name, name);
    const { service } = (await import(declaration.module)) as { readonly service: Service };
    assert.is(typeof service.load, "function");
  }
});

test.run();
