/** Operating failures of the application layer. */

import { CodedError, declareErrorKind } from "../runtime/errors.js";

/** Codes are promises: `docs/errors.md` has a heading for each. */
export const SLUICE_ERROR_CODES = [
  "certificate-file-invalid",
  "configuration-invalid",
  "distributor-busy",
  "ffmpeg-crashed",
  "ffmpeg-missing",
  "journal-foreign",
  "model-invalid",
  "model-missing",
  "pipeline-invalid",
  "policy-invalid",
  "probe-refused",
  "records-expired",
  "records-invalid",
  "service-failed",
  "service-unknown",
  "source-ended-early",
  "source-invalid",
  "source-missing",
  "source-refused",
  "source-unconfirmed",
  "source-unreachable",
  "store-corrupt",
  "store-format",
  "store-full",
  "store-locked",
  "store-missing",
  "store-unwritable",
] as const;

/** What went wrong with sources, pipelines, stores and what else a task meets. */
export type SluiceErrorCode = (typeof SLUICE_ERROR_CODES)[number];

/** A failure of a source, a model, a store, a pipeline or a service; the text says what and how to fix it. */
export class SluiceError extends CodedError<SluiceErrorCode> {
  override readonly name = "SluiceError";
}

declareErrorKind("SluiceError", SLUICE_ERROR_CODES, (...parts) => new SluiceError(...parts));
