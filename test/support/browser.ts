/** A real browser, where the machine has one. */

import { existsSync } from "node:fs";
import { chromium, type Page } from "playwright-core";
import { SLOWER_MAX } from "./within.js";

const CHROMIUM = process.env["SLUICE_CHROMIUM"] ?? "/usr/bin/chromium";
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export interface Visit {
  readonly page: Page;
  /** What went wrong in it: errors of scripts, on the console, of requests; and requests to anywhere else. */
  readonly problems: readonly string[];
}

/** Opens a page of `url`'s host in a browser of its own; without a browser it says that the test is skipped. */
export async function inBrowser(url: string, use: (visit: Visit) => Promise<void>): Promise<void> {
  if (!existsSync(CHROMIUM)) {
    console.log(`SKIPPED: there is no browser at ${CHROMIUM}: name one with SLUICE_CHROMIUM`);
    return;
  }
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    const problems: string[] = [];
    const host = new URL(url).host;
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") problems.push(message.text());
    });
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("request", (request) => {
      const { protocol, host: asked } = new URL(request.url());
      if (protocol !== "data:" && asked !== host) problems.push(`a request to ${request.url()}`);
    });
    // For what hangs: a machine may be slow.
    page.setDefaultTimeout(60_000 * SLOWER_MAX);
    await use({ page, problems });
  } finally {
    await browser.close();
  }
}
