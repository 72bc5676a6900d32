/**
 * The door to yaml: text that anybody may have written, made into plain values within bounds.
 *
 * Y1 The core schema of YAML 1.2 and nothing else: no tag runs, no merge key hides, no alias multiplies.
 * Y2 Nothing recurses over a text before a scan has found it shallow. The scan is the library's own lexer and parser, which
 *    keep a stack of their own; the rest of the library follows the nesting on the thread's stack.
 * Y3 A text has a bound in bytes, in tokens and in depth, and what its aliases make of it has one in values and depth.
 */

import { Buffer } from "node:buffer";
import {
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  parseDocument,
  Parser,
  visit,
  type Document,
} from "yaml";
import { errorText } from "../runtime/errors.js";

export interface YamlLimits {
  /** Of the text, in UTF-8. */
  readonly bytesMax: number;
  /** Words, punctuation and stretches of white space: what the parser's time goes with. */
  readonly tokensMax: number;
  /** Collections within each other, also by way of aliases. */
  readonly depthMax: number;
  /** Values and keys, each counted as often as an alias repeats it. */
  readonly valuesMax: number;
}

type Path = readonly PropertyKey[];

export type ParsedYaml =
  | {
      readonly ok: true;
      readonly value: unknown;
      /** The line, from 1 on, of what `path` leads to, as far as the text goes along; null for the whole text. */
      readonly lineOf: (path: Path) => number | null;
    }
  | {
      readonly ok: false;
      readonly problem: string;
      /** From 1 on; null for the whole text. */
      readonly line: number | null;
      readonly cause?: unknown;
    };

/** How often aliases may repeat what holds aliases, as the library counts it. */
const ALIASES_MAX = 100;

/** Reads one document. Whatever is wrong with it is an answer and no throw. */
export function parseYaml(text: string, limits: YamlLimits): ParsedYaml {
  const bytes = Buffer.byteLength(text);
  if (bytes > limits.bytesMax) return refused(`it has ${bytes} bytes: wanted at most ${limits.bytesMax}`);
  try {
    return scan(text, limits) ?? parse(text, limits);
  } catch (error) {
    // The library throws what it has no place for, as aliases without an end.
    return refused(errorText(error), null, error);
  }
}

/** @returns what is too much in the text, or null */
function scan(text: string, { tokensMax, depthMax }: YamlLimits): ParsedYaml | null {
  const lines = new LineCounter();
  const parser = new Parser(lines.addNewLine);
  // The parser by lexemes leaves the first line to its caller.
  lines.addNewLine(0);
  let tokens = 0;
  for (const lexeme of new Lexer().lex(text)) {
    tokens += 1;
    const documents = parser.next(lexeme);
    while (documents.next().done !== true);
    const { line } = lines.linePos(parser.offset);
    // The document itself is the lowest of its stack.
    if (parser.stack.length - 1 > depthMax)
      return refused(`it is nested deeper than ${depthMax} levels`, line);
    if (tokens > tokensMax) return refused(`it has more than ${tokensMax} words and signs`, line);
  }
  return null;
}

function parse(text: string, limits: YamlLimits): ParsedYaml {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, {
    schema: "core",
    version: "1.2",
    resolveKnownTags: false,
    merge: false,
    stringKeys: true,
    prettyErrors: false,
    lineCounter,
  });
  const lineAt = (offset: number) => lineCounter.linePos(offset).line;
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) {
    const reason = problem.code === "MULTIPLE_DOCS" ? "wanted one document" : problem.message;
    return refused(reason, lineAt(problem.pos[0]), problem);
  }
  let prototypeAt: number | null = null;
  visit(document, {
    Pair(_, { key }) {
      if (!isScalar(key) || key.value !== "__proto__") return undefined;
      prototypeAt = key.range?.[0] ?? 0;
      return visit.BREAK;
    },
  });
  if (prototypeAt !== null) return refused('"__proto__" is no name', lineAt(prototypeAt));
  const value: unknown = document.toJS({ maxAliasCount: ALIASES_MAX });
  const excess = tooMuch(value, limits);
  if (excess !== null) return refused(excess);
  return { ok: true, value, lineOf: (path) => lineAlong(document, lineCounter, path) };
}

/** What the aliases have made too much of, or null. A value that holds itself is too deep. */
function tooMuch(root: unknown, { depthMax, valuesMax }: YamlLimits): string | null {
  const open: { readonly value: object; readonly depth: number }[] = [];
  let values = 1;
  const note = (value: unknown, depth: number): void => {
    if (typeof value === "object" && value !== null) open.push({ value, depth });
  };
  note(root, 1);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next.depth > depthMax) return `its aliases make it deeper than ${depthMax} levels`;
    const children = Object.values(next.value);
    values += Array.isArray(next.value) ? children.length : 2 * children.length;
    if (values > valuesMax) return `its aliases make more than ${valuesMax} values of it`;
    for (const child of children) note(child, next.depth + 1);
  }
  return null;
}

function refused(problem: string, line: number | null = null, cause?: unknown): ParsedYaml {
  return { ok: false, problem, line, ...(cause !== undefined && { cause }) };
}

function lineAlong(document: Document, lineCounter: LineCounter, path: Path): number | null {
  let offset: number | null = null;
  let node: unknown = document.contents;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
      if (pair === undefined) break;
      if (isScalar(pair.key)) offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      if (isScalar(node)) offset = node.range?.[0] ?? offset;
    } else {
      break;
    }
  }
  return offset === null ? null : lineCounter.linePos(offset).line;
}
