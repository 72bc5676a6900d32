/**
 * The actor `alarms` of a hub: holds what happens against rules, and tells what comes of it.
 *
 * ALA1 It hears of what happens, and asks nobody on the data path; a disk and an audit are looked at now and then, one look at a time.
 * ALA2 Rules change while it runs: alarms of rules that stay as they were stay.
 */

import type { AskResult, Behaviour, Context } from "../../runtime/behaviour.js";
import { errorText } from "../../runtime/errors.js";
import type { AlarmsMessage } from "../../actors/protocol/alarms.js";
import type { NodeEvent } from "../../actors/protocol/generator.js";
import type { ClusterEvent } from "../../transport/cluster/cluster.js";
import type { AlarmEvent } from "../../task/hub-events.js";
import type { TaskOutcome } from "../../task/reports.js";
import { AlarmBook, type Condition } from "./alarm-book.js";
import type { AlarmRule } from "./alarm-settings.js";
import { SourceWatch } from "./source-watch.js";

const TICK_MS = 1_000;
const DISK_MS = 30_000;

export type AlarmsInput =
  | AlarmsMessage
  | { readonly type: "useRules"; readonly rules: readonly AlarmRule[] }
  | { readonly type: "settled"; readonly outcome: TaskOutcome }
  | { readonly type: "happened"; readonly event: ClusterEvent | NodeEvent }
  | { readonly type: "tick" }
  | { readonly type: "diskLooked"; readonly result: AskResult<number> }
  | { readonly type: "audited"; readonly result: AskResult<number> };

export interface AlarmsOptions {
  /** Bytes that are free where results are stored; null where that is no disk. */
  readonly freeBytes: (() => Promise<number>) | null;
  /** Findings of an audit of everything. */
  readonly audit: () => Promise<number>;
  readonly onEvent: (event: AlarmEvent) => void;
}

/** What survives a restart. */
export interface AlarmsRetained {
  rules: readonly AlarmRule[];
  readonly book: AlarmBook;
  readonly sources: SourceWatch;
  /** Nodes that went without a word, and why. */
  readonly gone: Map<string, string>;
}

export function createAlarmsRetained(): AlarmsRetained {
  return { rules: [], book: new AlarmBook(), sources: new SourceWatch(), gone: new Map() };
}

interface State {
  diskDueMs: number;
  auditDueMs: number;
  isLookingAtDisk: boolean;
  isAuditing: boolean;
}

const GONE_MAX = 1_000;
const WELL: Condition = { status: "well" };

export function createAlarms(
  options: AlarmsOptions,
  retained: AlarmsRetained,
): Behaviour<State, AlarmsInput> {
  const { book, sources, gone } = retained;
  const tell = (events: readonly AlarmEvent[]): void => events.forEach((event) => options.onEvent(event));

  function see(rule: AlarmRule, about: string, condition: Condition | null, nowMs: number): void {
    if (condition === null) return;
    const debounce = { forMs: rule.for, clearMs: rule.clear };
    tell(book.see({ alarm: rule.name, about }, condition, debounce, nowMs));
  }

  function lookAtSources(rule: AlarmRule, nowMs: number): void {
    const wanted = "sources" in rule ? rule.sources : undefined;
    for (const source of new Set([...sources.names(), ...book.aboutOf(rule.name)])) {
      if (wanted !== undefined && !wanted.includes(source)) continue;
      see(rule, source, conditionOf(rule, source, nowMs), nowMs);
    }
  }

  function conditionOf(rule: AlarmRule, source: string, nowMs: number): Condition | null {
    switch (rule.when) {
      case "latency": {
        const limits = { aboveMs: rule.above, percentile: rule.percentile, windowMs: rule.window };
        return sources.latency(source, limits, nowMs);
      }
      case "drops":
        return sources.drops(source, { above: rule.above, windowMs: rule.window }, nowMs);
      case "stale":
        return sources.stale(source, rule.after, nowMs);
      case "nodeGone":
      case "diskLow":
      case "auditFailed":
      default:
        return null;
    }
  }

  function onTick(state: State, ctx: Context<AlarmsInput>): State {
    const nowMs = ctx.now();
    for (const rule of retained.rules) {
      if (rule.when === "nodeGone") {
        for (const node of new Set([...gone.keys(), ...book.aboutOf(rule.name)])) {
          const why = gone.get(node);
          see(rule, node, why === undefined ? WELL : { status: "bad", detail: why }, nowMs);
        }
      } else if (rule.when === "diskLow") {
        lookAtDisk(state, nowMs, ctx);
      } else if (rule.when === "auditFailed") {
        audit(state, rule.every, nowMs, ctx);
      } else {
        lookAtSources(rule, nowMs);
      }
    }
    return state;
  }

  function lookAtDisk(state: State, nowMs: number, ctx: Context<AlarmsInput>): void {
    if (options.freeBytes === null || state.isLookingAtDisk || nowMs < state.diskDueMs) return;
    state.isLookingAtDisk = true;
    state.diskDueMs = nowMs + DISK_MS;
    ctx.pipe(options.freeBytes(), (result) => ({ type: "diskLooked", result }));
  }

  function audit(state: State, everyMs: number, nowMs: number, ctx: Context<AlarmsInput>): void {
    if (state.isAuditing || nowMs < state.auditDueMs) return;
    state.isAuditing = true;
    state.auditDueMs = nowMs + everyMs;
    ctx.pipe(options.audit(), (result) => ({ type: "audited", result }));
  }

  function onDiskLooked(state: State, result: AskResult<number>, ctx: Context<AlarmsInput>): State {
    state.isLookingAtDisk = false;
    if (!result.ok) {
      ctx.log.warn("Cannot tell how much of the disk is free", { error: errorText(result.error) });
      return state;
    }
    const free = result.reply;
    for (const rule of retained.rules) {
      if (rule.when !== "diskLow") continue;
      const detail = `${free} bytes are free, and ${rule.below} are wanted`;
      seeOnce(rule, "store", free < rule.below ? { status: "bad", detail } : WELL, ctx.now());
    }
    return state;
  }

  function onAudited(state: State, result: AskResult<number>, ctx: Context<AlarmsInput>): State {
    state.isAuditing = false;
    if (!result.ok) {
      ctx.log.warn("Cannot audit the store for an alarm", { error: errorText(result.error) });
      return state;
    }
    const findings = result.reply;
    for (const rule of retained.rules) {
      if (rule.when !== "auditFailed") continue;
      const detail = `the audit has ${findings} findings: see sluice audit`;
      seeOnce(rule, "store", findings > 0 ? { status: "bad", detail } : WELL, ctx.now());
    }
    return state;
  }

  /** Of what is looked at seldom: one look says it. */
  function seeOnce(rule: AlarmRule, about: string, condition: Condition, nowMs: number): void {
    tell(book.see({ alarm: rule.name, about }, condition, { forMs: 0, clearMs: 0 }, nowMs));
  }

  function onHappened(event: ClusterEvent | NodeEvent, nowMs: number): void {
    switch (event.type) {
      case "memberDown":
        if (gone.size < GONE_MAX) gone.set(event.member.name, event.reason);
        break;
      case "memberUp":
      case "memberLeft":
        gone.delete(event.member.name);
        break;
      case "sourceStarted":
      case "sourceContinued":
        sources.started(event.sourceId, nowMs);
        break;
      case "sourcePaused":
      case "sourceEnded":
        sources.resting(event.sourceId, nowMs);
        break;
      case "memberLeaving":
      case "joined":
      case "cutOff":
      case "refused":
      case "sourceStalled":
      case "sourceBack":
      case "sourceResumed":
      case "stageFailed":
      case "modelSwapped":
      case "eventsMissed":
      default:
        break;
    }
  }

  return {
    start(ctx) {
      ctx.every("tick", TICK_MS, { type: "tick" });
      return { diskDueMs: 0, auditDueMs: 0, isLookingAtDisk: false, isAuditing: false };
    },
    receive(state, message, ctx) {
      switch (message.type) {
        case "useRules":
          retained.rules = message.rules;
          book.keepOnly(new Set(message.rules.map(({ name }) => name)));
          return state;
        case "settled":
          sources.settled(message.outcome, ctx.now());
          return state;
        case "happened":
          onHappened(message.event, ctx.now());
          return state;
        case "tick":
          return onTick(state, ctx);
        case "diskLooked":
          return onDiskLooked(state, message.result, ctx);
        case "audited":
          return onAudited(state, message.result, ctx);
        case "reportAlarms":
          message.replyTo.tell({ type: "alarmsReported", alarms: book.reports() });
          return state;
        case "acknowledgeAlarms":
          tell(book.acknowledge(message.alarm, message.about ?? null, ctx.now()));
          message.replyTo.tell({ type: "alarmsReported", alarms: book.reports() });
          return state;
        default:
          ctx.unhandled(message);
          return state;
      }
    },
  };
}
