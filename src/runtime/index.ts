/** The actor runtime on its own, for programs that have nothing to do with video: `sluice/runtime`. */

export type { ActorRef, Lane } from "./actor-ref.js";
export { formatAddress, parseAddress, type Address } from "./address.js";
export type { AskOptions } from "./ask-options.js";
export type { AskResult, Behaviour, Context, Spawner, StopReason, Terminated } from "./behaviour.js";
export type { ActorPath, NodeName } from "./brand.js";
export { systemClock, type Clock, type TimerHandle } from "./clock.js";
export {
  SHUTDOWN_PHASES,
  type CoordinatedShutdown,
  type ShutdownPhase,
  type ShutdownReport,
  type ShutdownTask,
} from "./coordinated-shutdown.js";
export type { DeadLetter, DeadLetterReason, DeadLetters } from "./dead-letters.js";
export { CodedError, RUNTIME_ERROR_CODES, RuntimeError, type RuntimeErrorCode } from "./errors.js";
export type { Executor } from "./executor.js";
export { createLogger, silentLogger, type Logger, type LogLevel } from "./log.js";
export { registryKey, type Listing, type Registry, type RegistryKey } from "./registry.js";
export {
  DEFAULT_SUPERVISION,
  type MailboxOptions,
  type MailboxOverflow,
  type RestartType,
  type SpawnOptions,
  type SupervisionPolicy,
  type SupervisionStrategy,
} from "./spawn-options.js";
export { createActorSystem, spawn, type ActorSystem } from "./system.js";
export type { ActorSystemOptions } from "./system-options.js";
