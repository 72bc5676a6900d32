/**
 * The public types as the compiler wrote them: which declaration each exported name stands for, and which types of the
 * project that declaration names. Read from the `.d.ts` files as text, whose statements all begin in the first column.
 */

import { readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";

const DIST = fileURLToPath(new URL("../../", import.meta.url));

/** A declaration, by the name that its own module has for it. */
interface Declaration {
  /** As `src/node/node`. */
  readonly module: string;
  readonly name: string;
}

interface Module {
  /** Text of each declaration, overloads together. */
  readonly texts: ReadonlyMap<string, string>;
  /** Names that the module declares and keeps to itself: parts of the types that name them. */
  readonly kept: ReadonlySet<string>;
  /** What is imported or passed on, by the name that it has in this module. */
  readonly foreign: ReadonlyMap<string, Declaration>;
  /** Declarations with a comment of their own. */
  readonly documented: ReadonlySet<string>;
  /** Modules that are passed on whole. */
  readonly stars: readonly string[];
}

/** By each name that `path`, such as `src/index`, exports: the types that its declaration names, as `module name`. */
export function publicTypes(path: string): {
  /** As `module name`. */
  readonly exported: ReadonlySet<string>;
  readonly named: ReadonlyMap<string, readonly string[]>;
  /** Exported names whose declaration says nothing of itself. */
  readonly silent: readonly string[];
} {
  const modules = new Map<string, Module>();
  const moduleAt = (at: string): Module => {
    const module = modules.get(at) ?? readModule(at);
    modules.set(at, module);
    return module;
  };
  const declarationOf = (at: Declaration): Declaration => {
    const foreign = moduleAt(at.module).foreign.get(at.name);
    return foreign === undefined ? at : declarationOf(foreign);
  };
  const exported = new Map<string, Declaration>();
  const collect = (at: string): void => {
    const { foreign, stars } = moduleAt(at);
    for (const [name, target] of foreign) exported.set(name, declarationOf(target));
    for (const star of stars) collect(star);
  };
  const namedBy = (at: Declaration, seen: Set<string>): readonly string[] => {
    const { texts, kept, foreign } = moduleAt(at.module);
    seen.add(at.name);
    const words = new Set(texts.get(at.name)?.match(/[A-Za-z_$][\w$]*/g) ?? []);
    return [...words].flatMap((name) => {
      if (kept.has(name)) return seen.has(name) ? [] : namedBy({ ...at, name }, seen);
      if (!texts.has(name) && !foreign.has(name)) return [];
      return [textOf(declarationOf({ ...at, name }))];
    });
  };
  collect(path);
  return {
    exported: new Set([...exported.values()].map(textOf)),
    named: new Map([...exported].map(([name, at]) => [name, namedBy(at, new Set())])),
    silent: [...exported]
      .filter(([, at]) => !moduleAt(at.module).documented.has(at.name))
      .map(([name]) => name),
  };
}

function textOf({ module, name }: Declaration): string {
  return `${module} ${name}`;
}

const DECLARED = /^(export )?(?:declare )?(?:abstract )?(interface|type|class|function|const) (\w+)/;

/** A comment at the beginning of a line ends right before it. */
const DOCUMENTED =
  /\*\/\n(?:export )?(?:declare )?(?:abstract )?(?:interface|type|class|function|const) (\w+)/g;

function readModule(path: string): Module {
  const whole = readFileSync(join(DIST, `${path}.d.ts`), "utf8");
  const documented = new Set([...whole.matchAll(DOCUMENTED)].map(([, name = ""]) => name));
  const text = whole.replaceAll(/\/\*[^]*?\*\//g, "");
  const texts = new Map<string, string>();
  const kept = new Set<string>();
  const foreign = new Map<string, Declaration>();
  const stars: string[] = [];
  for (const statement of text.split(/^(?=\w)/m)) {
    const [, isExported, kind, declared] = DECLARED.exec(statement) ?? [];
    if (declared !== undefined) {
      // Values are no types: `typeof REASONS` says as much as the list itself.
      if (kind !== "const") texts.set(declared, (texts.get(declared) ?? "") + withoutStrings(statement));
      if (isExported === undefined) kept.add(declared);
      continue;
    }
    const from = / from "(\.[^"]+)\.js";/.exec(statement)?.[1];
    if (from === undefined) continue;
    const module = posix.join(dirname(path), from);
    if (statement.startsWith("export *")) stars.push(module);
    const list = /\{([^}]*)\}/.exec(statement)?.[1] ?? "";
    for (const [, name = "", as = name] of list.matchAll(/(?:type )?(\w+)(?: as (\w+))?/g)) {
      foreign.set(as, { module, name });
    }
  }
  return { texts, kept, foreign, documented, stars };
}

function withoutStrings(text: string): string {
  return text.replaceAll(/"[^"\n]*"/g, '""');
}
