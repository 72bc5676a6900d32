/** Forms that take a pipeline: to start a source, and to let one walk another. The node that is to run it checks the types. */

import type { AgentReply } from "../../src/actors/protocol/agent.js";
import type { PipelineText, SourceRequest } from "../../src/task/requests.js";
import { useAttempt, type Attempt } from "./attempt.js";
import type { Connection } from "./connection.js";
import { fieldOf, html } from "./view.js";

/** @throws what the agent says */
export async function orderAgent(
  connection: Connection,
  node: string,
  message: Readonly<Record<string, unknown>>,
): Promise<void> {
  const reply = await connection.ask<AgentReply>(`sluice://${node}/agent`, message);
  if (reply.type === "refused") throw reply.error;
}

interface AddSourceProps {
  readonly nodes: readonly string[];
  readonly connection: Connection;
}

export function AddSource({ nodes, connection }: AddSourceProps) {
  const [said, attempt] = useAttempt();
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const id = fieldOf(event, "name");
    const definition: SourceRequest = {
      id,
      source: fieldOf(event, "source"),
      pipeline: fieldOf(event, "pipeline"),
      pipelineName: PIPELINE_NAME,
      configuration: {},
      policy: null,
      paced: true,
      limit: null,
    };
    const node = fieldOf(event, "node");
    void attempt(`${id} runs on ${node}`, () =>
      orderAgent(connection, node, { type: "addSource", definition }),
    );
  };
  return html`<details>
    <summary>Add a source</summary>
    <form class="order" onSubmit=${submit} aria-label="Add a source">
      <label>Name <input name="name" required /></label>
      <label
        >On
        <select name="node">
          ${nodes.map((name) => html`<option key=${name}>${name}</option>`)}
        </select></label
      >
      <label class="wide">
        Video
        <input
          name="source"
          required
          placeholder="rtsp://..., http(s)://..., a file on that node, loop:FILE or test:"
        />
      </label>
      <${Pipeline} />
      <button>Start</button>
    </form>
    ${said}
  </details>`;
}

interface MovePipelineProps {
  readonly id: string;
  readonly node: string;
  readonly connection: Connection;
  readonly attempt: Attempt;
}

export function MovePipeline({ id, node, connection, attempt }: MovePipelineProps) {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const pipeline: PipelineText = { text: fieldOf(event, "pipeline"), name: PIPELINE_NAME };
    void attempt("It walks the new pipeline", () =>
      orderAgent(connection, node, { type: "movePipeline", sourceId: id, pipeline }),
    );
  };
  return html`<details>
    <summary>Another pipeline</summary>
    <form class="order" onSubmit=${submit} aria-label="Another pipeline">
      <${Pipeline} />
      <button>Check and move</button>
    </form>
  </details>`;
}

/** What errors call the text. */
const PIPELINE_NAME = "pipeline.yaml";

function Pipeline() {
  return html`<label class="wide">
    Pipeline, in YAML
    <textarea name="pipeline" rows="12" required spellcheck="false"></textarea>
  </label>`;
}
