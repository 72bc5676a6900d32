/** What a hub says of what it does beside its cluster's work: of its sinks and its alarms. */

/** How a sink does, for metrics and people. */
export interface SinkReport {
  readonly sink: string;
  readonly kind: string;
  /** Whether what it was last sent was taken, or nothing was sent yet. */
  readonly isUp: boolean;
  /** Where it goes on: all before it was taken, is of no interest to it, or was lost to retention. */
  readonly nextPosition: number;
  /** Records that were taken. */
  readonly delivered: number;
  /** Deliveries that failed, each of which was tried again. */
  readonly failures: number;
  /** Records that it will never take, and that were passed over. */
  readonly refused: number;
  /** Positions that retention had deleted before they could be sent. */
  readonly expired: number;
}

/** What happens to a sink. */
export type SinkEvent =
  /** It takes nothing: what is stored waits for it there. */
  | { readonly type: "sinkDown"; readonly sink: string; readonly problem: string }
  | { readonly type: "sinkUp"; readonly sink: string; readonly afterMs: number }
  /** Retention deleted these before they could be sent. */
  | {
      readonly type: "sinkLost";
      readonly sink: string;
      readonly fromPosition: number;
      readonly toPosition: number;
    }
  /** It says that it will never take this record, which is passed over. */
  | {
      readonly type: "sinkRefused";
      readonly sink: string;
      readonly position: number;
      readonly problem: string;
    };

/** An alarm that is raised, or about to be resolved. */
export interface AlarmReport {
  /** Name of its rule. */
  readonly alarm: string;
  /** A source, a node or a disk. */
  readonly about: string;
  /** For people: what is so now. */
  readonly detail: string;
  /** ms since the Unix epoch. */
  readonly raisedAtMs: number;
  /** When an operator said that it is known; null where nobody has. */
  readonly acknowledgedAtMs: number | null;
}

/** What happens to an alarm. */
export type AlarmEvent =
  | { readonly type: "alarmRaised"; readonly alarm: string; readonly about: string; readonly detail: string }
  | {
      readonly type: "alarmResolved";
      readonly alarm: string;
      readonly about: string;
      readonly afterMs: number;
    }
  | { readonly type: "alarmAcknowledged"; readonly alarm: string; readonly about: string };
