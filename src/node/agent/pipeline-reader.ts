/** The thread that reads one pipeline, tells what it is, and ends. */

import { parentPort, workerData } from "node:worker_threads";
import { ownThreadName, type ThreadName } from "../../runtime/thread-time.js";
import { SluiceError } from "../../task/errors.js";
import { parsePipelineFile, type PipelineFile } from "../../task/pipeline-file.js";
import type { ServiceDeclaration } from "../../task/service.js";

export interface PipelineText {
  readonly text: string;
  readonly fileName: string;
  readonly services: ReadonlyMap<string, ServiceDeclaration>;
}

export type PipelineRead =
  | { readonly ok: true; readonly file: PipelineFile }
  | { readonly ok: false; readonly problem: string; readonly details: Readonly<Record<string, unknown>> };

export type PipelineReaderEvent =
  /** The text is read from now on. */
  | { readonly type: "began"; readonly thread: ThreadName }
  | { readonly type: "read"; readonly read: PipelineRead };

// Given by `read-pipeline.ts`, which is in this program.
const { text, fileName, services } = workerData as PipelineText;
tell({ type: "began", thread: ownThreadName() });
tell({ type: "read", read: read() });

function tell(event: PipelineReaderEvent): void {
  // The empty list of transfers: all of it is small and copied.
  parentPort?.postMessage(event, []);
}

function read(): PipelineRead {
  try {
    return { ok: true, file: parsePipelineFile(text, fileName, services) };
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    const { line = null } = error.details;
    return { ok: false, problem: error.message, details: { fileName, line } };
  }
}
