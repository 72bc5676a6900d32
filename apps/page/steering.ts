/** What an operator says of a source: to pause, to go on, to end; and knobs that hold whatever its policy decides. */

import type { OrderReply } from "../../src/actors/protocol/scheduler.js";
import type { Configuration } from "../../src/task/configuration.js";
import type { SourceId } from "../../src/task/identity.js";
import type { SourceReport } from "../../src/task/reports.js";
import { MovePipeline, orderAgent } from "./add-source.js";
import type { Attempt } from "./attempt.js";
import type { Connection } from "./connection.js";
import { GraphEditor } from "./graph-editor.js";
import { fieldOf, html } from "./view.js";

interface SteeringProps {
  readonly id: SourceId;
  readonly hub: string;
  readonly report: SourceReport;
  readonly connection: Connection;
  readonly attempt: Attempt;
}

export function Steering({ id, hub, report, connection, attempt }: SteeringProps) {
  const order = async (message: Readonly<Record<string, unknown>>): Promise<void> => {
    const reply = await connection.ask<OrderReply>(`sluice://${hub}/scheduler`, { sourceId: id, ...message });
    if (reply.type === "orderRefused") throw reply.error;
  };
  const end = (): Promise<void> => orderAgent(connection, report.node, { type: "drainSource", sourceId: id });
  const stop = (): void => {
    if (!confirm(`End ${id} for good? What is under way is finished first.`)) return;
    void attempt("It has ended", end);
  };
  const { pause } = report;
  return html`<div class="steering">
      ${
        pause === null || pause.by === "policy"
          ? html`<button
              onClick=${() => void attempt("It pauses", () => order({ type: "pauseSource", reason: "" }))}
            >
              Pause
            </button>`
          : html`<button onClick=${() => void attempt("It goes on", () => order({ type: "continueSource" }))}>
              Resume
            </button>`
      }
      <button onClick=${stop}>End</button>
      <${Knobs}
        ordered=${report.ordered}
        set=${(knobs: Partial<Configuration> | null) =>
          void attempt(knobs === null ? "Its policy decides again" : "Set, whatever its policy decides", () =>
            order({ type: "configureSource", knobs }),
          )}
      />
    </div>
    <${GraphEditor} id=${id} node=${report.node} connection=${connection} attempt=${attempt} />
    <${MovePipeline} id=${id} node=${report.node} connection=${connection} attempt=${attempt} />`;
}

interface KnobsProps {
  /** Those that an operator has set. */
  readonly ordered: Partial<Configuration>;
  readonly set: (knobs: Partial<Configuration> | null) => void;
}

function Knobs({ ordered, set }: KnobsProps) {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const [width, height] = fieldOf(event, "resolution").split("x");
    const given = {
      fps: fieldOf(event, "fps"),
      width: width ?? "",
      height: height ?? "",
      quality: fieldOf(event, "quality"),
    };
    const filled = Object.entries(given).filter(([, text]) => text !== "");
    // The hub says what is wrong with a number that is none.
    if (filled.length > 0) set(Object.fromEntries(filled.map(([knob, text]) => [knob, Number(text)])));
  };
  const { fps, width, height, quality } = ordered;
  const isSet = Object.keys(ordered).length > 0;
  // Once they are others the form is another one; until then it is whoever types that says what stands in it.
  const known = `${fps} ${width}x${height} ${quality}`;
  return html`<form key=${known} class="knobs" onSubmit=${submit} aria-label="Configuration">
    <label>
      Frames a second
      <input name="fps" inputmode="decimal" size="5" placeholder="policy" defaultValue=${fps ?? ""} />
    </label>
    <label>
      Resolution
      <input
        name="resolution"
        size="9"
        pattern="\\d+x\\d+"
        placeholder="policy"
        defaultValue=${width === undefined || height === undefined ? "" : `${width}x${height}`}
      />
    </label>
    <label>
      Quality
      <input name="quality" inputmode="numeric" size="4" placeholder="policy" defaultValue=${quality ?? ""} />
    </label>
    <button>Configure</button>
    ${isSet && html`<button type="button" onClick=${() => set(null)}>Give back to the policy</button>`}
  </form>`;
}
