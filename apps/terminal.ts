/**
 * The door to standard output and standard error. What a program says may hold names, labels and error texts from other
 * machines: nothing gets out that a terminal would obey. Only `live-lines.ts` beside it moves a cursor.
 */

import { pipeline } from "node:stream/promises";
import { withOriginalPlaces } from "./original-places.js";
import { jsonLine, terminalLine, terminalLines } from "../src/runtime/safe-text.js";

interface Output {
  /** One line, whatever is in the text. */
  line(text: string): void;
  /** A line or several: line ends in the text stay. */
  lines(text: string): void;
  /** A value as one line of JSON. */
  json(value: unknown): void;
}

/** Writes to a stream that people may look at. */
export function outputTo(stream: NodeJS.WritableStream): Output {
  return {
    line: (text) => void stream.write(`${terminalLine(text)}\n`),
    lines: (text) => void stream.write(`${terminalLines(text)}\n`),
    json: (value) => void stream.write(`${jsonLine(value)}\n`),
  };
}

export const out: Output = outputTo(process.stdout);
export const err: Output = outputTo(process.stderr);

/** Writes lines as fast as whoever reads takes them, each made safe. */
export async function outAll(texts: AsyncIterable<string>): Promise<void> {
  await pipeline(safe(texts), process.stdout, { end: false });
}

async function* safe(texts: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const text of texts) yield `${terminalLine(text)}\n`;
}

/** What ended a program that is not the user's to mend, with its stack, as Node would print it. */
export function outbreak(error: unknown): void {
  err.lines(withOriginalPlaces(error instanceof Error ? (error.stack ?? error.message) : String(error)));
}
