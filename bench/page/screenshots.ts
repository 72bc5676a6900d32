/**
 * Pictures of the page as it is: each part of a hub with the demo and an edge, in light, in dark and on a small screen.
 *
 *     node dist/bench/page/screenshots.js FOLDER
 */

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { withDemoPage } from "./demo-page.js";

const PARTS = ["Overview", "Topology", "Ledger", "Actors", "Events", "Tokens"];
const LOOKS = [
  { look: "light", colorScheme: "light", width: 1280, height: 900 },
  { look: "dark", colorScheme: "dark", width: 1280, height: 900 },
  { look: "small", colorScheme: "light", width: 360, height: 740 },
] as const;

const [, , folder] = process.argv;
if (folder === undefined) throw new TypeError("Name the folder for the pictures");
await mkdir(folder, { recursive: true });
await withDemoPage(async (page) => {
  for (const { look, colorScheme, width, height } of LOOKS) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height });
    for (const part of PARTS) {
      await page.getByRole("link", { name: part }).click();
      await page.getByRole("heading", { level: 2 }).first().waitFor();
      await page.screenshot({ path: join(folder, `${part.toLowerCase()}-${look}.jpg`), quality: 60 });
    }
    await page.getByRole("link", { name: "Overview" }).click();
    await page.getByRole("link", { name: "gate" }).click();
    await page.locator("figure.boxes .box").first().waitFor();
    await page.getByRole("button", { name: /^Read/ }).click();
    await page.getByRole("img", { name: /tasks from/ }).waitFor();
    await page.screenshot({ path: join(folder, `source-${look}.jpg`), quality: 60 });
  }
});
console.log(`${LOOKS.length * (PARTS.length + 1)} pictures in ${folder}`);
