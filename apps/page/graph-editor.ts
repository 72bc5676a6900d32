/** A pipeline as a graph that is changed: its types are checked as it is drawn, by the check of the node that is to run it. */

import type { AgentReply, PipelineReply } from "../../src/actors/protocol/agent.js";
import { orderAgent } from "./add-source.js";
import { useAttempt, type Attempt } from "./attempt.js";
import type { Connection } from "./connection.js";
import { GraphCanvas } from "./graph-canvas.js";
import {
  carried,
  draftOf,
  textOf,
  verdictOf,
  withEdge,
  withoutStage,
  withService,
  type Draft,
  type Services,
} from "./pipeline-draft.js";
import { fieldOf, html, useState } from "./view.js";

interface EditorProps {
  readonly id: string;
  readonly node: string;
  readonly connection: Connection;
  readonly attempt: Attempt;
}

interface Opened {
  readonly draft: Draft;
  readonly text: string;
  readonly name: string;
  readonly services: Services;
}

export function GraphEditor({ id, node, connection, attempt }: EditorProps) {
  const [opened, setOpened] = useState<Opened | null>(null);
  const [said, open] = useAttempt();
  const begin = (): void =>
    void open("", async () => {
      const reply = await connection.ask<PipelineReply | AgentReply>(`sluice://${node}/agent`, {
        type: "reportPipeline",
        sourceId: id,
      });
      if (reply.type !== "pipelineReported") throw "error" in reply ? reply.error : new Error("No answer");
      const services = new Map(reply.services.map((service) => [service.name, service]));
      setOpened({ draft: draftOf(reply.pipeline), ...reply.text, services });
    });
  if (opened === null)
    return html`<p><button onClick=${begin}>Draw its pipeline</button></p>
      ${said}`;
  const { text, name } = opened;
  const change = (edit: Edit): void =>
    setOpened((known) => (known === null ? null : { ...known, draft: edit(known.draft) }));
  const apply = (changed: string): void =>
    void attempt("It walks the pipeline as drawn", async () => {
      await orderAgent(connection, node, {
        type: "movePipeline",
        sourceId: id,
        pipeline: { text: changed, name },
      });
      setOpened(null);
    });
  return html`<section aria-labelledby="drawn">
    <h4 id="drawn">Pipeline ${opened.draft.id}, version ${opened.draft.version}</h4>
    <${Drawing} ...${opened} original=${text} change=${change} apply=${apply} />
    <button onClick=${() => setOpened(null)}>Leave it as it is</button>
  </section>`;
}

/** Of whatever the draft is by then. */
type Edit = (draft: Draft) => Draft;

interface DrawingProps {
  readonly draft: Draft;
  readonly services: Services;
  readonly original: string;
  readonly change: (edit: Edit) => void;
  readonly apply: (text: string) => void;
}

function Drawing({ draft, services, original, change, apply }: DrawingProps) {
  const [chosen, choose] = useState<string | null>(null);
  const { problem, stage: wrong } = verdictOf(draft, services);
  const written = writtenOf(draft, original);
  const stage = draft.stages.find(({ id }) => id === chosen);
  const remove = (id: string): void => {
    change((known) => withoutStage(known, id));
    choose(null);
  };
  return html`<div class="columns">
      <div>
        <${GraphCanvas}
          draft=${draft}
          services=${services}
          chosen=${chosen}
          wrong=${wrong}
          choose=${choose}
          remove=${remove}
          connect=${(from: string, to: string) => change((known) => withEdge(known, from, to))}
        />
        <p class="hint">
          Draw from stage to stage with the pointer, or choose a stage and tick what it comes after. Delete
          removes it.
        </p>
      </div>
      <pre class="yaml" aria-label="The same as YAML" tabindex="0">${written.text ?? ""}</pre>
    </div>
    ${
      stage !== undefined &&
      html`<fieldset>
        <legend>Stage ${stage.id}</legend>
        <label>
          Service
          <select
            onChange=${(event: Event) => change((known) => withService(known, stage.id, (event.target as HTMLSelectElement).value))}
          >
            ${[...services.values()].map(
              ({ name, inputs, output }) =>
                html`<option key=${name} value=${name} selected=${name === stage.service}>
                  ${name} (${inputs.join(", ")} → ${output})
                </option>`,
            )}
          </select>
        </label>
        ${draft.stages
          .filter(({ id }) => id !== stage.id)
          .map(({ id }) => {
            const type = carried(draft, services, id, stage.id);
            return html`<label key=${id}>
              <input
                type="checkbox"
                checked=${stage.after?.includes(id) === true}
                onChange=${() => change((known) => withEdge(known, id, stage.id))}
              />
              after ${id}${type === null ? ", of which it reads nothing" : `, whose ${type} it reads`}
            </label>`;
          })}
        <button onClick=${() => remove(stage.id)}>Remove ${stage.id}</button>
      </fieldset>`
    }
    <${AddStage} services=${services} change=${change} choose=${choose} />
    ${
      problem === null && written.problem === null
        ? html`<p role="status" class="done">The types fit</p>`
        : html`<p role="alert" class="problem">${problem ?? written.problem}</p>`
    }
    <button disabled=${problem !== null || written.text === null} onClick=${() => apply(written.text ?? "")}>
      Apply from the next task on
    </button>`;
}

interface Written {
  readonly text: string | null;
  readonly problem: string | null;
}

function writtenOf(draft: Draft, original: string): Written {
  try {
    return { text: textOf(draft, original), problem: null };
  } catch (thrown) {
    return { text: null, problem: thrown instanceof Error ? thrown.message : "" };
  }
}

type AddProps = Pick<DrawingProps, "services" | "change"> & {
  readonly choose: (id: string) => void;
};

function AddStage({ services, change, choose }: AddProps) {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const id = fieldOf(event, "stage");
    const service = fieldOf(event, "service");
    change((known) => ({ ...known, stages: [...known.stages, { id, service, after: [] }] }));
    choose(id);
  };
  return html`<form class="knobs" onSubmit=${submit} aria-label="Add a stage">
    <label>New stage <input name="stage" required size="12" /></label>
    <label>
      that runs
      <select name="service">
        ${[...services.values()].map(
          ({ name, summary }) => html`<option key=${name} value=${name} title=${summary}>${name}</option>`,
        )}
      </select>
    </label>
    <button>Add</button>
  </form>`;
}
