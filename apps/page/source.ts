/** One source: what it finds, where its time goes, and who decides for it. */

import type { SourceId } from "../../src/task/identity.js";
import type { SourceRoute } from "../../src/task/routing-table.js";
import type { ChangesReported } from "../../src/actors/protocol/scheduler.js";
import { foundIn } from "../../src/web/found.js";
import type { StoredResult } from "../../src/task/record.js";
import { useAttempt, type Attempt } from "./attempt.js";
import { Boxes } from "./boxes.js";
import { Chart } from "./chart.js";
import type { Connection } from "./connection.js";
import { clockTime, milliseconds, number } from "./format.js";
import { Hosts } from "./hosting.js";
import { LivePicture } from "./live-picture.js";
import { percentile, sum, type Model, type ResultMoment } from "./model.js";
import { PolicyForm } from "./policy-form.js";
import type { PictureFeed } from "./pictures.js";
import { Steering } from "./steering.js";
import { TaskHistory } from "./task-history.js";
import { html, useEffect, useState } from "./view.js";

interface SourceProps {
  readonly id: SourceId;
  readonly model: Model;
  readonly connection: Connection;
  readonly feed: PictureFeed;
}

export function Source({ id, model, connection, feed }: SourceProps) {
  useEffect(() => {
    connection.watch("records", { topic: "records", source: id });
    return () => connection.watch("records", null);
  }, [id]);
  const { results, result, left } = model;
  // Here, since the plan is gone while a source changes over, and with it what was said below.
  const [said, attempt] = useAttempt();
  const hosting = model.snapshot?.hosted[id];
  return html`<nav aria-label="Breadcrumb"><a href="#/">All sources</a></nav>
    <h2>${id}</h2>
    <div class="columns">
      <section aria-label="What is found">
        <${LivePicture} source=${id} feed=${feed} fps=${10} widthMax=${960} isCaptioned=${true}>
          ${result === null ? html`<p class="empty">Waiting for a result …</p>` : html`<${Found} result=${result} />`}
        <//>
        ${left > 0 && html`<p class="hint">${left} results came too fast for this page</p>`}
      </section>
      <section aria-label="Latency">
        <${Latency} results=${results} />
      </section>
    </div>
    <${Stages} results=${results} />
    ${hosting !== undefined && html`<${Hosts} hosting=${hosting} />`} ${said}
    ${model.hub !== null && html`<${TaskHistory} id=${id} hub=${model.hub} connection=${connection} attempt=${attempt} />`}
    <${Plan} id=${id} model=${model} connection=${connection} attempt=${attempt} />`;
}

/** Where what was found lies, while no picture has come. */
function Found({ result }: { readonly result: StoredResult }) {
  const { width, height } = result.configuration;
  const given = { width, height, frameUs: result.framePtsUs.at(-1), found: foundIn(result) };
  return html`<${Boxes} ...${given} bitmap=${null} isCaptioned=${true} />`;
}

function Latency({ results }: { readonly results: readonly ResultMoment[] }) {
  const latencies = results.map(({ latencyMs }) => latencyMs);
  return html`<p>
      Source to stored: p50 <strong>${milliseconds(percentile(latencies, 0.5))}</strong>, p95${" "}
      <strong>${milliseconds(percentile(latencies, 0.95))}</strong> of ${results.length}
    </p>
    <${Chart}
      title="Latency, ms"
      times=${results.map(({ atMs }) => atMs / 1_000)}
      lines=${[
        { label: "in all", values: latencies },
        { label: "capture", values: results.map(({ captureMs }) => captureMs) },
        { label: "queues", values: results.map(({ stages }) => sum(stages.map(({ queueMs }) => queueMs))) },
        {
          label: "transfers",
          values: results.map(({ stages }) => sum(stages.map((stage) => stage.transferMs ?? 0))),
        },
        {
          label: "execution",
          values: results.map(({ stages }) => sum(stages.map(({ executeMs }) => executeMs))),
        },
      ]}
    />`;
}

function Stages({ results }: { readonly results: readonly ResultMoment[] }) {
  const names = [...new Set(results.flatMap(({ stages }) => stages.map(({ stage }) => stage)))];
  if (names.length === 0) return null;
  return html`<section aria-labelledby="stages">
    <h3 id="stages">Stages, p50 and p95</h3>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Stage</th>
            <th scope="col">On</th>
            <th scope="col">Queue</th>
            <th scope="col">Transfer</th>
            <th scope="col">Execution</th>
          </tr>
        </thead>
        <tbody>
          ${names.map((name) => {
            const those = results.flatMap(({ stages }) => stages.filter(({ stage }) => stage === name));
            const nodes = [...new Set(those.slice(-20).map(({ node }) => node))];
            return html`<tr key=${name}>
              <th scope="row">${name}</th>
              <td>${nodes.join(", ")}</td>
              <td>${pair(those.map(({ queueMs }) => queueMs))}</td>
              <td>${pair(those.flatMap(({ transferMs }) => transferMs ?? []))}</td>
              <td>${pair(those.map(({ executeMs }) => executeMs))}</td>
            </tr>`;
          })}
        </tbody>
      </table>
    </div>
  </section>`;
}

function pair(values: readonly number[]): string {
  return values.length === 0
    ? "–"
    : `${milliseconds(percentile(values, 0.5))}, ${milliseconds(percentile(values, 0.95))}`;
}

function Plan({ id, model, connection, attempt }: Omit<SourceProps, "feed"> & { readonly attempt: Attempt }) {
  const table = model.snapshot?.table;
  const route = table?.table?.sources.get(id);
  const epoch = table?.table?.epoch;
  const why = table?.explanations[id];
  const [changes, setChanges] = useState<ChangesReported | null>(null);
  const hub = model.hub;
  useEffect(() => {
    if (hub === null) return;
    void connection
      .ask<ChangesReported>(`sluice://${hub}/scheduler`, { type: "reportChanges", sourceId: id, sinceMs: 0 })
      .then(setChanges, () => setChanges(null));
  }, [id, hub, epoch]);
  const report = model.snapshot?.sources[id];
  if (route === undefined || report === undefined || hub === null) {
    return html`<p class="empty">It does not run now</p>`;
  }
  return html`<section aria-labelledby="plan">
    <h3 id="plan">Plan</h3>
    <p>${planText(route)}</p>
    ${model.maySteer && html`<${Steering} id=${id} hub=${hub} report=${report} connection=${connection} attempt=${attempt} />`}
    ${why !== undefined && html`<p>Why: ${why.reason} ${inputsOf(why.inputs)}</p>`}
    ${
      model.maySteer
        ? html`<${PolicyForm}
            id=${id}
            hub=${hub}
            connection=${connection}
            current=${report.policy}
            attempt=${attempt}
          />`
        : html`<p>Decided by ${report.policy.name}</p>`
    }
    <h4>Changes</h4>
    <ol class="changes" reversed>
      ${(changes?.changes ?? [])
        .slice(-20)
        .toReversed()
        .map(
          ({ atMs, epoch: at, policy, why: then }) =>
            html`<li key=${at}>
              <time>${clockTime(atMs)}</time> ${policy}: ${then.reason} ${inputsOf(then.inputs)}
            </li>`,
        )}
    </ol>
  </section>`;
}

function planText({ configuration, placement }: SourceRoute): string {
  const { width, height, fps, framesPerTask, encoding, quality, motionGate = null } = configuration;
  const captured = `${width}x${height} at ${fps} fps, ${framesPerTask} frames a task`;
  const encoded = encoding === "jpeg" ? `jpeg ${quality}` : encoding;
  const stages = [...placement].map(([stage, nodes]) => `${stage} on ${nodes.join(" or ")}`);
  const gated = motionGate === null ? "" : ", where something moves";
  return `${captured}, ${encoded}${gated}; ${stages.join(", ")}`;
}

function inputsOf(inputs: ChangesReported["changes"][number]["why"]["inputs"]): string {
  const named = Object.entries(inputs).map(
    ([name, value]) => `${name} ${typeof value === "number" ? number(value) : String(value)}`,
  );
  return named.length === 0 ? "" : `(${named.join(", ")})`;
}
