/** The page in a real browser, against a real hub that runs the demo clip. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import * as assert from "uvu/assert";
import { iou } from "../../src/services/vision/box.js";
import { parseSource } from "../../src/actors/generator/source-spec.js";
import { silentLogger } from "../../src/runtime/log.js";
import { startNode, type SluiceNode } from "../../src/node/node.js";
import { createControl } from "../../src/operator/control.js";
import { SERVICES } from "../../src/services/catalogue.js";
import { parseNodeName, parseSourceId } from "../../src/task/identity.js";
import type { SourceRequest } from "../../src/task/requests.js";
import { parsePipelineFile } from "../../src/task/pipeline-file.js";
import { faultsOf, tabTo } from "../support/accessible.js";
import { inBrowser, type Visit } from "../support/browser.js";
import { demoTruth, type TruthBox } from "../support/clip.js";
import { inTemporaryFolder } from "../support/temporary-folder.js";
import type { AlarmRule } from "../../src/sinks/alarms/alarm-settings.js";
import { test } from "../support/test.js";
import { withWebHub, type WebHubScene } from "../support/web-hub.js";

const APPS = fileURLToPath(new URL("../../../apps/", import.meta.url));
const FILE = `${APPS}pipelines/default.yaml`;
const PIPELINE = parsePipelineFile(readFileSync(FILE, "utf8"), FILE, SERVICES);

const PICTURES = fileURLToPath(new URL("../../pictures/", import.meta.url));

const EDGE = parseNodeName("edge-1");
/** Of a source that only an edge may capture. */
const REQUEST: SourceRequest = {
  id: "roof",
  source: "test:64x48@2,duration=600",
  pipeline: readFileSync(FILE, "utf8"),
  pipelineName: FILE,
  configuration: {},
  policy: null,
  paced: true,
  limit: null,
};

type Box = Pick<TruthBox, "x" | "y" | "width" | "height">;

interface Drawn {
  readonly frameUs: number;
  readonly boxes: readonly Box[];
}

/** Runs in the browser, whose types are none of this program's. */
const DRAWN = `(() => {
  const figure = document.querySelector("figure.boxes");
  const picture = figure?.querySelector(".picture")?.getBoundingClientRect();
  if (picture === undefined) return null;
  const boxes = [...figure.querySelectorAll(".box")].map((box) => {
    const { x, y, width, height } = box.getBoundingClientRect();
    return {
      x: (x - picture.x) / picture.width,
      y: (y - picture.y) / picture.height,
      width: width / picture.width,
      height: height / picture.height,
    };
  });
  return { frameUs: Number(figure.dataset.frameUs), boxes };
})()`;

/** The boxes as they are drawn, in shares of the picture, and the time of their frame. */
function drawn(page: Page): Promise<Drawn | null> {
  return page.evaluate<Drawn | null>(DRAWN);
}

async function addDemo(node: SluiceNode, id: string): Promise<void> {
  const { pipeline, configuration } = PIPELINE;
  await node.addSource({
    id: parseSourceId(id),
    source: parseSource(`loop:${APPS}demo/demo.mp4`),
    pipeline,
    configuration,
    policy: { name: "edge-only", parameters: {} },
    paced: true,
  });
}

/** Whatever takes any time. */
const SLOW: AlarmRule = {
  name: "slow",
  when: "latency",
  above: 0.001,
  percentile: 50,
  window: 600_000,
  for: 0,
  clear: 0,
};

async function withDemo(use: (scene: WebHubScene, visit: Visit) => Promise<void>): Promise<void> {
  await withWebHub({ services: SERVICES }, (scene) =>
    inBrowser(scene.url, async (visit) => {
      await scene.alarms.use([SLOW], []);
      await addDemo(scene.hub, "gate");
      await visit.page.goto(`${scene.url}/#code=${scene.web.newCode()}`);
      await use(scene, visit);
    }),
  );
}

/** Red, green and blue of the picture as it is drawn, at so many points across and down. */
const GRID = { across: 128, down: 72 };

interface Pixels {
  readonly frameUs: number;
  readonly values: readonly number[];
}

const PIXELS = `(() => {
  const figure = document.querySelector("figure.boxes");
  const drawn = figure?.querySelector("canvas");
  if (drawn === null || drawn === undefined) return null;
  const small = new OffscreenCanvas(${GRID.across}, ${GRID.down}).getContext("2d");
  small.drawImage(drawn, 0, 0, ${GRID.across}, ${GRID.down});
  const values = [...small.getImageData(0, 0, ${GRID.across}, ${GRID.down}).data];
  return { frameUs: Number(figure.dataset.frameUs), values };
})()`;

/** Share of the points within a box that are red. */
function redIn({ values }: Pixels, { x, y, width, height }: Box): number {
  let [red, all] = [0, 0];
  for (let row = Math.ceil(y * GRID.down); row < (y + height) * GRID.down; row += 1) {
    for (let column = Math.ceil(x * GRID.across); column < (x + width) * GRID.across; column += 1) {
      const [r = 0, g = 0, b = 0] = values.slice(4 * (row * GRID.across + column));
      all += 1;
      if (r > 2 * g && r > 2 * b) red += 1;
    }
  }
  return all === 0 ? 0 : red / all;
}

/** That the picture is the frame whose boxes are drawn: what is red is where it was then, and not where it was 0.4 s later. */
async function checkPicture(page: Page): Promise<void> {
  const { fps, frames } = demoTruth();
  const red = (frame: number): TruthBox | undefined =>
    frames[frame]?.find(({ id, visible, width }) => id === "red-1" && visible === 1 && width > 0.05);
  for (;;) {
    await page.locator("figure.boxes canvas").first().waitFor();
    const seen = await page.evaluate<Pixels | null>(PIXELS);
    const frame = Math.round(((seen?.frameUs ?? 0) * fps) / 1e6) % frames.length;
    const [then, later] = [red(frame), red(frame + 10)];
    if (seen === null || then === undefined || later === undefined) continue;
    const [share, elsewhere] = [redIn(seen, then), redIn(seen, later)];
    assert.ok(share > 0.7 && elsewhere < share - 0.2, `${share} and ${elsewhere} at frame ${frame}`);
    return;
  }
}

async function checkFrame(url: string): Promise<void> {
  const response = await fetch(`${url}/frame/gate.jpg?width=320`);
  assert.equal([response.status, response.headers.get("content-type")], [200, "image/jpeg"]);
  const bytes = new Uint8Array(await response.arrayBuffer());
  assert.equal([...bytes.subarray(0, 2)], [0xff, 0xd8]);
  for (const [path, status] of [
    ["/frame/none.jpg", 404],
    ["/frame/gate.jpg?width=9", 400],
    ["/frame/gate.jpg?width=320&source=other", 400],
    ["/frame/gate.png", 404],
    ["/frame/..%2f..%2fetc%2fpasswd.jpg", 404],
  ] as const) {
    assert.is((await fetch(`${url}${path}`)).status, status, path);
  }
}

/** How the page looked, for whoever reads of it. */
async function keepPicture(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: `${PICTURES}${name.toLowerCase()}.png` });
}

/** That every part can be used without a mouse, by ear, in light and dark, and on a small screen. */
async function checkParts(page: Page): Promise<void> {
  const faults: string[] = [];
  const look = async (part: string): Promise<void> => {
    for (const fault of await faultsOf(page)) faults.push(`${part}: ${fault}`);
  };
  for (const part of ["Topology", "Ledger", "Actors", "Events", "Tokens", "Overview"]) {
    await tabTo(page, part);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 2 }).first().waitFor();
    await look(part);
    await keepPicture(page, part);
  }
  await page.getByRole("link", { name: "gate" }).press("Enter");
  await page.getByLabel("Frames a second").waitFor();
  await look("a source");
  await keepPicture(page, "Source");
  assert.equal(faults, []);
}

test("a link signs in; pictures are in step with their boxes, which lie over what moves in the clip; a policy that is set decides, and the page says so", () =>
  withDemo(async ({ hub, url }, { page, problems }) => {
    await page.locator("li.tile canvas").waitFor();
    await page.getByRole("link", { name: "gate" }).click();
    const { fps, frames } = demoTruth();
    const overlaps: number[] = [];
    const times = new Set<number>();
    while (times.size < 3) {
      await page.locator("figure.boxes .box").first().waitFor();
      const seen = await drawn(page);
      if (seen === null || seen.boxes.length === 0 || times.has(seen.frameUs)) continue;
      times.add(seen.frameUs);
      const truth = (frames[Math.round((seen.frameUs * fps) / 1e6) % frames.length] ?? []).filter(
        ({ moving }) => moving,
      );
      for (const box of seen.boxes) overlaps.push(Math.max(0, ...truth.map((thing) => iou(box, thing))));
    }
    const right = overlaps.filter((share) => share > 0.5).length;
    assert.ok(right >= overlaps.length * 0.7, `of ${overlaps.length} boxes ${right} lie over what moves`);
    await checkPicture(page);
    await checkFrame(url);
    await page.getByRole("row", { name: /^motion/ }).waitFor();

    await page.getByLabel("Policy").selectOption("cloud-only");
    await page.getByRole("button", { name: "Set" }).click();
    await page.getByText("cloud-only decides from now on").waitFor();
    await page.getByText(/Why: all stages on the cloud/).waitFor();
    await page.getByLabel("Policy").selectOption("fixed");
    await page.getByLabel("placement").fill("{");
    await page.getByRole("button", { name: "Set" }).click();
    await said(page, /JSON/);
    await page.getByLabel("placement").fill('{"motion": "cloud"}');
    await page.getByLabel("pixelsStay").selectOption("true");
    await page.getByRole("button", { name: "Set" }).click();
    await page.getByText("fixed decides from now on").waitFor();
    await page.getByLabel("Policy").selectOption("dynamic");
    await page.getByLabel("improvementMin").fill("7");
    await page.getByRole("button", { name: "Set" }).click();
    await said(page, /improvementMin/);
    await page.getByLabel("improvementMin").fill("0.3");
    await page.getByRole("button", { name: "Set" }).click();
    await page.getByText("dynamic decides from now on").waitFor();

    await page.getByLabel("Frames a second").fill("2");
    await page.getByRole("button", { name: "Configure" }).click();
    await page.getByText(/at 2 fps/).waitFor();
    await page.getByRole("button", { name: "Give back to the policy" }).click();
    await page.getByText(/at 10 fps/).waitFor();
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByRole("button", { name: "Resume" }).click();
    await page.getByText("It goes on").waitFor();
    await page.getByRole("button", { name: "Read the newest" }).click();
    await page.getByRole("img", { name: /tasks from/ }).waitFor();
    await page
      .getByRole("row", { name: /stored after/ })
      .first()
      .getByRole("button", { name: /^The way of task/ })
      .click();
    await page.getByRole("row", { name: /^motion cloud .*execution/ }).waitFor();

    await page.getByRole("link", { name: "Topology" }).click();
    await page.getByRole("listitem", { name: /^motion on cloud: works, \d+ % busy/ }).waitFor();
    await page.getByText(/1 of 1 nodes have it/).waitFor();

    await page.getByRole("link", { name: "Actors" }).click();
    await page.getByRole("row", { name: /^source-gate \d+ 0 runs/ }).waitFor();
    hub.system.resolve("sluice://cloud/nobody").tell({ type: "knock", token: "4711" });
    await page.getByText('{type: "knock", token: …}').waitFor();
    await page.getByLabel("Show those with").fill("something else");
    await page.getByText("None of the kind is kept").waitFor();

    await page.getByRole("link", { name: "Events 1 alarm" }).click();
    await page.getByRole("button", { name: "Acknowledge slow of gate" }).click();
    await page.getByText(/known for/).waitFor();
    await page
      .getByText(/publishes table/)
      .first()
      .waitFor();
    await page.getByRole("link", { name: "Ledger" }).click();
    await page.getByRole("row", { name: /^gate/ }).getByText("yes").waitFor();
    // Under load a live source drops some.
    await page
      .getByText(/^(?:No task was dropped in the last hour|Tasks dropped from .* in the order of the table)$/)
      .waitFor();
    await page.getByRole("button", { name: "Audit now" }).click();
    await page.getByText(/records add up: no task was lost/).waitFor();
    await checkParts(page);
    await hub.drainSource(parseSourceId("gate"));
    assert.equal(problems, []);
  }));

/** Changes the pipeline of the source that is shown as a graph: by keys, and by the pointer. */
async function drawPipeline(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Draw its pipeline" }).click();
  const stages = page.getByRole("group", { name: "The stages of the pipeline" });
  await stages
    .getByRole("button", {
      name: /^colours: colour-classification, frame, boxes → labels, comes after motion/,
    })
    .press("Enter");
  await page.getByLabel("after tracks, of which it reads nothing").press("Space");
  const edge = page.getByLabel("after motion, whose boxes it reads");
  await edge.press("Space");
  await said(page, /reads "boxes", but it comes after "tracks", which gives "tracks"/);
  await stages.getByRole("button", { name: /^colours.*does not fit$/ }).waitFor();
  await edge.press("Space");
  await page.getByText("The types fit").waitFor();
  await page.getByLabel("New stage").fill("hues");
  await page.getByLabel("that runs").selectOption("colour-classification");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await said(page, /"hues"/);
  await stages.getByRole("button", { name: /^motion/ }).dragTo(stages.getByRole("button", { name: /^hues/ }));
  await page.getByText("The types fit").waitFor();
  await page
    .getByLabel("The same as YAML")
    .getByText(/hues:\s+service: colour-classification\s+after: motion/)
    .waitFor();
  await page.getByRole("button", { name: /^Apply/ }).click();
  await page.getByText("It walks the pipeline as drawn").waitFor();
  await page.getByRole("row", { name: /^hues/ }).waitFor();
}

/** Starts a source on the node from the page, tries pipelines that are wrong, and drains the node. */
async function steerNode(page: Page): Promise<void> {
  page.on("dialog", (dialog) => void dialog.accept());
  const text = readFileSync(FILE, "utf8");
  const pipeline = page.getByLabel("Pipeline, in YAML");
  await page.getByText("Add a source").click();
  await page.getByLabel("Name").fill("yard");
  await page.getByRole("combobox", { name: "On" }).selectOption("edge-1");
  await page.getByLabel("Video").fill(`loop:${APPS}demo/demo.mp4`);
  await pipeline.fill(text.replace(/service: \w+/, "service: nonsense"));
  await page.getByRole("button", { name: "Start" }).click();
  await said(page, /nonsense/);
  await pipeline.fill(text);
  await page.getByRole("button", { name: "Start" }).click();
  await page.getByText("yard runs on edge-1").waitFor();
  await page.getByRole("link", { name: "yard" }).click();
  await page.getByText("Another pipeline").click();
  await pipeline.fill("pipeline: p\nstages: []\n");
  await page.getByRole("button", { name: "Check and move" }).click();
  await said(page, /pipeline\.yaml/);
  await pipeline.fill(text.replace(/^pipeline: .*$/m, "pipeline: another"));
  await page.getByRole("button", { name: "Check and move" }).click();
  await page.getByText("It walks the new pipeline").waitFor();
  await drawPipeline(page);
  await page.getByRole("link", { name: "Actors" }).click();
  await page.getByRole("combobox", { name: "Of" }).selectOption("edge-1");
  await page.getByRole("row", { name: /^source-yard \d+ 0 runs/ }).waitFor();
  await page.getByRole("link", { name: "Overview" }).click();
  await page.getByRole("button", { name: "Drain edge-1" }).click();
  await page.getByText("edge-1 is drained, and leaves").waitFor();
}

/** What went wrong, as the page says it. */
function said(page: Page, text: RegExp): Promise<void> {
  return page.getByRole("alert").getByText(text).waitFor();
}

test("a node that joins is seen and steered: a source is added, walks another pipeline, its node is drained; a hub that cannot be reached is said", () =>
  withDemo(async ({ hub, tokens, url }, { page }) => {
    const control = createControl(hub.system, hub.name, () => 0);
    assert.is(await control.hostSource(REQUEST, { candidates: [EDGE], choice: "fixed" }), null);
    await page.getByRole("link", { name: /^roof\s+waits for a node/ }).waitFor();
    const token = tokens.create({ roles: ["edge"], grants: [], expiresAtMs: Date.now() + 600_000 });
    const join = url.replace(/^http/, "ws");
    await inTemporaryFolder(async (journal) => {
      const edge = await startNode({
        name: "edge-1",
        join,
        token,
        journal,
        services: SERVICES,
        sourcePolicy: "any",
        log: silentLogger,
      });
      try {
        await page.getByRole("rowheader", { name: "edge-1" }).waitFor();
        await page.getByRole("link", { name: /^roof/ }).click();
        await page.getByText("edge-1 captures it: the first of edge-1").waitFor();
        await edge.drainSource(parseSourceId(REQUEST.id));
        await page.getByRole("link", { name: "Topology" }).click();
        await page.getByRole("row", { name: /^edge-1 .*B\/s/ }).waitFor();
        await page.getByRole("link", { name: "Overview" }).click();
        await steerNode(page);
      } finally {
        await edge.terminate();
      }
    });
    await page.getByRole("link", { name: "Events" }).click();
    await page.getByText("edge-1 has joined").waitFor();
    await page.getByText("edge-1 has left").waitFor();
    await hub.terminate();
    await said(page, /hub cannot be reached/);
  }));

test("who has no link and no token sees the form alone; a name that is a script does nothing", () =>
  withWebHub({ services: SERVICES }, (scene) =>
    inBrowser(scene.url, async ({ page, problems }) => {
      await page.goto(scene.url);
      await page.getByLabel("Token").fill("wrong");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("alert").waitFor();
      assert.is(await page.getByText("Nodes").count(), 0);
      const token = scene.tokens.create({
        roles: ["operator"],
        grants: [],
        expiresAtMs: Date.now() + 60_000,
      });
      await page.getByLabel("Token").fill(token);
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("heading", { name: "Nodes" }).waitFor();
      page.on("dialog", (dialog) => void dialog.accept());
      await page.getByRole("link", { name: "Tokens" }).click();
      await page.getByLabel("Label").fill("yard");
      await page.getByRole("button", { name: "Make a token" }).click();
      await page.locator("code.token").waitFor();
      await page
        .getByRole("row", { name: /active.*edge.*yard/ })
        .getByRole("button")
        .click();
      await page.getByText(/ is revoked$/).waitFor();
      const name = encodeURIComponent('<img src=x onerror="window.broken=1">');
      await page.evaluate(`location.hash = "#/source/${name}"`);
      await page.getByText("<img src=x").waitFor();
      assert.is(await page.evaluate<boolean>(`"broken" in window`), false);
      // Nor can any text of any part: nothing in the page can make markup of one.
      const refused = `(() => { try { document.createElement("p").innerHTML = "<b>"; } catch { return true; } return false; })()`;
      assert.is(await page.evaluate<boolean>(refused), true);
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByLabel("Token").waitFor();
      // Those of what was refused above, as browsers write them down.
      assert.ok(
        problems.every((problem) => /401|WebSocket|TrustedHTML/.test(problem)),
        problems.join("\n"),
      );
    }),
  ));

test.run();
