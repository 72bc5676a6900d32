/** The public, programmatic API of Sluice. */

export type { ActorRef, Lane } from "./runtime/actor-ref.js";
export { formatAddress, parseAddress, type Address } from "./runtime/address.js";
export type { AskOptions } from "./runtime/ask.js";
export type { AskResult, Behaviour, Context, Spawner, StopReason, Terminated } from "./runtime/behaviour.js";
export type { ActorPath, NodeName } from "./runtime/brand.js";
export { systemClock, type Clock, type TimerHandle } from "./runtime/clock.js";
export {
  SHUTDOWN_PHASES,
  type CoordinatedShutdown,
  type ShutdownPhase,
  type ShutdownReport,
  type ShutdownTask,
} from "./runtime/coordinated-shutdown.js";
export type { DeadLetter, DeadLetterReason, DeadLetters } from "./runtime/dead-letters.js";
export { RuntimeError, type RuntimeErrorCode } from "./runtime/errors.js";
export type { Executor } from "./runtime/executor.js";
export { createLogger, silentLogger, type Logger, type LogLevel } from "./runtime/log.js";
export { registryKey, type Listing, type Registry, type RegistryKey } from "./runtime/registry.js";
export type { Remote } from "./runtime/remote.js";
export {
  DEFAULT_SUPERVISION,
  type MailboxOptions,
  type MailboxOverflow,
  type RestartType,
  type SpawnOptions,
  type SupervisionPolicy,
  type SupervisionStrategy,
} from "./runtime/spawn-options.js";
export { createActorSystem, spawn, type ActorSystem, type ActorSystemOptions } from "./runtime/system.js";
export type { Carrier } from "./transport/carrier.js";
export { createMemoryCarrier, type MemoryCarrier } from "./transport/memory.js";
