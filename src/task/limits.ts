/**
 * The bounds of names, pipelines, configurations and tasks: what a user's text is parsed against, what a node lets in
 * from another one, and what an audit takes for a record.
 */

/**
 * One rule for every name that a user gives: safe as a file name, a key of a record and a part of an address.
 * `$` is left to cursors (`$end`), `/`, `@` and `#` to keys and addresses.
 */
export const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;
/** The rule in words, for the end of an error's text. */
export const NAME_RULE = '1 to 64 letters, digits, "-", "_" or ".", starting with a letter or digit';

/** The length of texts, in UTF-16 code units. */
export const TEXT_LIMITS = {
  /** `NAME` allows no more. */
  name: 64,
  /** `pipeline@version`. */
  pipelineKey: 160,
  /** `pipeline@version/stage:variant`. */
  stageKey: 256,
  /** A name as somebody wrote it, before it is parsed. */
  unparsedName: 256,
  serviceName: 128,
  /** Name of a file in a folder, on any system. */
  modelFile: 255,
  policyName: 128,
  /** What a service declares to read and to give. */
  dataType: 64,
  /** Label of a detection, type of a result. */
  label: 256,
  traceparent: 256,
  /** Address of an actor, at any depth. */
  address: 10_000,
  /** Why an operator pauses a source: it is part of the details of gaps, and of tables. */
  pauseReason: 256,
  /** Why a task was dropped, where a source is, what a file is called. */
  detail: 4_096,
} as const;

export const PIPELINE_LIMITS = {
  /** Stages, 1 or more. */
  stagesMax: 64,
  /** Nodes that have a stage loaded besides the one that runs it. */
  standbyMax: 8,
  /** Variants of a stage, 1 or more: far more than anyone tries. */
  variantsMax: 16,
  /** Tasks in the queue of a stage, 1 or more. */
  queueCapacityMax: 65_536,
  /** How long a join may wait, in ms: an hour. */
  joinTimeoutMsMax: 3_600_000,
  /** Age at which a task may be dropped, in ms: a day. */
  deadlineMsMax: 86_400_000,
  /** A whole pipeline as it travels in tables, in characters of plain data: 128 KiB. */
  definitionSizeMax: 128 * 1024,
} as const;

/**
 * Of the text of a pipeline. One of 64 stages with their parameters has 30 kB, 5,000 tokens and 6 levels. At these bounds a
 * text takes at most 0.6 s to parse on a busy machine (`]` 20,000 times, two cores under load). Beyond them yaml 2.9.1 takes
 * seconds, or the whole stack.
 */
export const PIPELINE_FILE_LIMITS = {
  bytesMax: 256 * 1024,
  tokensMax: 20_000,
  depthMax: 64,
  valuesMax: 20_000,
} as const;

/** Of the unsettled tasks of one source that somebody else asks for. */
export const WINDOW_LIMITS = { tasksMax: 1_024, bytesMax: 2 ** 30 } as const;

export const CONFIGURATION_LIMITS = {
  /** Pixels. */
  width: { min: 16, max: 7_680 },
  /** Pixels. */
  height: { min: 16, max: 4_320 },
  /** Frames per second of source time, above 0. */
  fpsMax: 240,
  /** Frames in one task, 1 or more. */
  framesPerTaskMax: 256,
  /** Of JPEG: 1 is the worst. */
  quality: { min: 1, max: 100 },
} as const;

export const TASK_LIMITS = {
  /**
   * Of the numbers of an identity, positions among its tasks, epochs and bytes: far above what a source makes in its life (2^40
   * tasks are 145 years at 240 a second), and far enough below 2^53 that sums of them are exact.
   */
  countMax: 2 ** 48,
  /** Deliveries of a task, and attempts at one stage, over all incarnations of its source. */
  deliveriesMax: 1_000_000,
  /**
   * Frames of a task as they travel, in bytes: what one message may have between nodes, less 8 MiB for its results and hops. A
   * test holds it to the limit of links.
   */
  payloadBytesMax: 56 * 1024 * 1024,
  /** Hops that a task carries: one for each stage, with room for more. */
  hopsMax: 1_024,
  /** Detections in one frame. */
  detectionsMax: 10_000,
} as const;

/** What comes with the name of a policy, or over the configuration of a file, in characters of plain data: 64 KiB. */
export const PARAMETERS_SIZE_MAX = 64 * 1024;

/** Records in one answer of the store. */
export const QUERY_RECORDS_MAX = 10_000;

/** Repairs of a store or a journal that are remembered: the newest. */
export const REPAIRS_MAX = 8;
/** What was found damaged in one of them. */
export const DAMAGE_MAX = 16;

/** Sources of one node: what a scheduler takes of it by default, and names that it may hold. */
export const SOURCES_OF_NODE_MAX = 256;
/** Versions of pipelines that belong to one node: of those that none of its sources walks the oldest is forgotten first. */
export const VERSIONS_OF_NODE_MAX = 256;
