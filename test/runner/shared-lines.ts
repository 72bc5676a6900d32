/** What a process that several files share says between them, on lines that no test can write: they begin with its mark. */

export interface FileEnd {
  readonly file: string;
  readonly code: number;
  readonly durationMs: number;
  readonly cpuMs: number;
  /** Kinds of handles that the file has left open. */
  readonly left: readonly string[];
}

export interface FilePart {
  readonly file: string;
  readonly output: string;
  /** Null where the process ended before the file did. */
  readonly end: FileEnd | null;
}

export const beginLine = (mark: string, file: string): string => `\n${mark} begin ${file}`;
export const endLine = (mark: string, end: FileEnd): string => `\n${mark} end ${JSON.stringify(end)}`;

/** @returns the files that have begun, in their order */
export function partsOf(output: string, mark: string): readonly FilePart[] {
  const [, ...parts] = output.split(`\n${mark} begin `);
  return parts.map((part) => {
    const [file = "", ...lines] = part.split("\n");
    const [text = "", end] = lines.join("\n").split(`\n${mark} end `);
    // Our own program wrote it.
    return { file, output: text, end: end === undefined ? null : (JSON.parse(end) as FileEnd) };
  });
}
