/** The page of a hub that runs the demo clip, in a real browser. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { parseSource } from "../../src/actors/generator/source-spec.js";
import { SERVICES } from "../../src/services/catalogue.js";
import { parseSourceId } from "../../src/task/identity.js";
import { parsePipelineFile } from "../../src/task/pipeline-file.js";
import { inBrowser } from "../../test/support/browser.js";
import { withWebHub } from "../../test/support/web-hub.js";

const APPS = fileURLToPath(new URL("../../../apps/", import.meta.url));
const FILE = `${APPS}pipelines/default.yaml`;

/** @param prepare is done with the page before it is opened */
export async function withDemoPage(
  use: (page: Page) => Promise<void>,
  prepare: (page: Page) => Promise<void> = async () => {},
): Promise<void> {
  await withWebHub({ services: SERVICES }, ({ hub, web, url }) =>
    inBrowser(url, async ({ page }) => {
      const { pipeline, configuration } = parsePipelineFile(readFileSync(FILE, "utf8"), FILE, SERVICES);
      await hub.addSource({
        id: parseSourceId("gate"),
        source: parseSource(`loop:${APPS}demo/demo.mp4`),
        pipeline,
        configuration,
        policy: { name: "edge-only", parameters: {} },
        paced: true,
      });
      await prepare(page);
      await page.goto(`${url}/#code=${web.newCode()}`);
      await use(page);
    }),
  );
}
