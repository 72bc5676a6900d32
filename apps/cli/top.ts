/** `sluice top`: nodes, queues, stages and sources, updated every second, for as long as one looks: a hub may go and come. */

import type { Operator } from "../../src/operator/operator.js";
import { asError } from "../../src/runtime/errors.js";
import { createLiveLines, type LiveLines } from "../live-lines.js";
import { signalled } from "../program.js";
import { terminalWidth } from "../tables.js";
import { out } from "../terminal.js";
import { lookAt, type Look } from "./look.js";
import { screen } from "./screen.js";

const PERIOD_MS = 1_000;

/** Joins the hub. */
type Connect = () => Promise<Operator>;

/** @throws an error with a code where there is no hub to begin with */
export async function top(connect: Connect, command: { readonly once: boolean }): Promise<number> {
  const operator = await connect();
  if (!command.once && process.stdout.isTTY) {
    await watchCluster({ operator, connect, lines: createLiveLines(process.stdout), until: signalled() });
    return 0;
  }
  try {
    const look = await lookAt(operator);
    out.lines(screen(look, look, terminalWidth()));
    return 0;
  } finally {
    await operator.close();
  }
}

interface Watch {
  readonly operator: Operator;
  /** Called again and again while there is no hub. */
  readonly connect: Connect;
  readonly lines: Pick<LiveLines, "show">;
  readonly until: Promise<void>;
}

/** Shows the cluster every second, and that its hub is away while it is. */
export async function watchCluster({ operator: first, connect, lines, until }: Watch): Promise<void> {
  let operator: Operator | null = first;
  let before: Look | null = null;
  const over = { yes: false };
  const refresh = async (): Promise<void> => {
    try {
      operator ??= await connect();
      const now = await lookAt(operator);
      if (!over.yes) lines.show(screen(before ?? now, now, terminalWidth()));
      before = now;
    } catch (thrown) {
      await operator?.close().catch(() => {});
      operator = null;
      if (!over.yes) lines.show(`The hub is away, and is looked for again: ${asError(thrown).message}`);
    }
  };
  const ended = until.then(() => void (over.yes = true));
  while (!over.yes) {
    await Promise.race([ended, refresh()]);
    await pause(ended);
  }
  // What was being asked may never be answered.
  await (operator as Operator | null)?.close();
}

/** A period, or less where `ended` comes first. */
async function pause(ended: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([ended, new Promise<void>((resolve) => (timer = setTimeout(resolve, PERIOD_MS)))]);
  clearTimeout(timer);
}
