/** The link that signs one browser in to a hub, and how it gets into a browser. */

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** The page as it was compiled, beside this program. */
export const PAGE_FOLDER = new URL("page/", import.meta.url);

/**
 * Signs one browser in, once: what follows the `#` is sent to nobody and is in no log.
 *
 * @param url at which nodes join the hub
 */
export function pageLink(url: string, code: string): string {
  const here = url.replace(/^ws/, "http").replace(/0\.0\.0\.0|\[::\]/, "127.0.0.1");
  return `${here}/#code=${code}`;
}

/**
 * Opens a link in the browser of who runs this. The command line of a program is for all on a machine to read: so it names a file
 * that leads to the link, which nobody else can read and which goes with this process.
 *
 * @param failed is told why nothing opens
 */
export function openInBrowser(link: string, failed: (why: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "sluice-page-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "open.html");
  writeFileSync(file, `<!doctype html><meta http-equiv="refresh" content="0; url=${link}">`, { mode: 0o600 });
  const [program, ...args] = openerOf(process.platform);
  const opener = spawn(program, [...args, pathToFileURL(file).href], { stdio: "ignore", detached: true });
  opener.once("error", ({ message }) => failed(`Cannot open a browser: ${message}`));
  opener.once("exit", (exitCode) => {
    if (exitCode !== 0) failed("Cannot open a browser: open the link above");
  });
  opener.unref();
}

function openerOf(platform: NodeJS.Platform): readonly [string, ...string[]] {
  if (platform === "darwin") return ["open"];
  if (platform === "win32") return ["rundll32", "url.dll,FileProtocolHandler"];
  return ["xdg-open"];
}
