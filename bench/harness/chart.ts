/** The cases of a folder as one picture: a bar for each subject, as long as its figure by the largest of its case. */

import { htmlText } from "../../src/runtime/safe-text.js";
import { countText, durationText } from "./figures.js";
import { valueOf, type CaseResult } from "./result.js";

const WIDTH = 860;
const LEFT = 300;
const BAR_MAX = 380;
const ROW = 18;
const GAP = 26;

/** @returns SVG 1.1 */
export function chart(cases: readonly CaseResult[]): string {
  const parts: string[] = [];
  let y = 8;
  for (const result of cases) {
    const values = result.subjects.map(valueOf);
    const largest = Math.max(...values, Number.MIN_VALUE);
    parts.push(text(8, y + 12, `${result.name} (${unitOf(result)})`, "bold"));
    y += ROW;
    for (const [index, { name }] of result.subjects.entries()) {
      const value = values[index] ?? 0;
      const width = Math.max(1, Math.round((value / largest) * BAR_MAX));
      const fill = index === 0 ? "#1f6feb" : "#9aa4b2";
      parts.push(
        text(16, y + 12, name),
        `<rect x="${LEFT}" y="${y + 2}" width="${width}" height="${ROW - 5}" fill="${fill}"/>`,
        text(LEFT + width + 6, y + 12, figureText(result, value)),
      );
      y += ROW;
    }
    y += GAP - ROW;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y}" viewBox="0 0 ${WIDTH} ${y}" font-family="sans-serif" font-size="12">`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}

function unitOf({ kind, operation }: CaseResult): string {
  if (kind === "latency") return "median latency, shorter is better";
  return kind === "rate" ? `${operation}/s, longer is better` : `${operation}, shorter is better`;
}

function figureText({ kind }: CaseResult, value: number): string {
  return kind === "latency" ? durationText(value) : countText(value);
}

function text(x: number, y: number, words: string, weight = "normal"): string {
  return `<text x="${x}" y="${y}" font-weight="${weight}" fill="#1f2328">${htmlText(words)}</text>`;
}
