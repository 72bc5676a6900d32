/** Who decides for a source, and by which parameters: a form of what each policy says it takes. */

import type { PoliciesReported, PolicyReply } from "../../src/actors/protocol/scheduler.js";
import type { SourceId } from "../../src/task/identity.js";
import type { PolicyParameter, PolicySpec } from "../../src/task/requests.js";
import type { Attempt } from "./attempt.js";
import type { Connection } from "./connection.js";
import { fieldOf, html, useEffect, useState } from "./view.js";

interface PolicyFormProps {
  readonly id: SourceId;
  readonly hub: string;
  readonly connection: Connection;
  /** In force. */
  readonly current: PolicySpec;
  readonly attempt: Attempt;
}

type Policies = Pick<PoliciesReported, "names" | "parameters">;

const NONE: Policies = { names: [], parameters: {} };

export function PolicyForm({ id, hub, connection, current, attempt }: PolicyFormProps) {
  const [{ names, parameters }, setPolicies] = useState<Policies>(NONE);
  const [chosen, choose] = useState<string | null>(null);
  useEffect(() => {
    void connection.ask<PoliciesReported>(`sluice://${hub}/scheduler`, { type: "reportPolicies" }).then(
      (reply) => setPolicies(reply),
      () => setPolicies(NONE),
    );
  }, [hub]);
  const name = chosen ?? current.name;
  const asked = parameters[name];
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    void attempt(`${name} decides from now on`, async () => {
      const given = asked === undefined ? jsonOf(fieldOf(event, "json")) : givenOf(asked, event);
      const policy = { name, parameters: given };
      const message = { type: "setPolicy", sourceId: id, policy };
      const reply = await connection.ask<PolicyReply>(`sluice://${hub}/scheduler`, message);
      if (reply.type === "policyRefused") throw reply.error;
    });
  };
  return html`<form class="policy" onSubmit=${submit} aria-label="Who decides">
    <label>
      Policy
      <select name="policy" onChange=${(event: Event) => choose((event.target as HTMLSelectElement).value)}>
        ${names.map((known) => html`<option key=${known} selected=${known === name}>${known}</option>`)}
      </select>
    </label>
    ${
      asked === undefined
        ? html`<label key="json">Parameters <input name="json" placeholder="{}" spellcheck="false" /></label>`
        : asked.map(
            (parameter) =>
              html`<${Parameter}
                key=${`${name} ${parameter.name}`}
                parameter=${parameter}
                value=${name === current.name ? valueIn(current.parameters, parameter.name) : undefined}
              />`,
          )
    }
    <button>Set</button>
  </form>`;
}

interface ParameterProps {
  readonly parameter: PolicyParameter;
  /** In force; undefined of what nobody has said. */
  readonly value: unknown;
}

function Parameter({ parameter: { name, kind, fallback, min, max, choices }, value }: ParameterProps) {
  const otherwise = fallback ?? "not set";
  const given = value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value);
  if (kind === "boolean" || kind === "choice") {
    const known = kind === "boolean" ? ["true", "false"] : choices;
    return html`<label>
      ${name}
      <select name=${name}>
        <option value="">${`default: ${otherwise}`}</option>
        ${known.map((choice) => html`<option key=${choice} selected=${choice === given}>${choice}</option>`)}
      </select>
    </label>`;
  }
  const range = [min === null ? "" : `from ${min}`, max === null ? "" : `to ${max}`].filter(
    (text) => text !== "",
  );
  return html`<label>
    ${name}
    <input
      name=${name}
      placeholder=${otherwise}
      title=${range.join(" ")}
      defaultValue=${given}
      inputmode=${kind === "json" ? "text" : "decimal"}
      spellcheck="false"
    />
  </label>`;
}

/** What is filled in; the hub says what is wrong with it. */
function givenOf(asked: readonly PolicyParameter[], event: SubmitEvent): Readonly<Record<string, unknown>> {
  const filled = asked.flatMap(({ name, kind }) => {
    const text = fieldOf(event, name).trim();
    return text === "" ? [] : [[name, valueOf(kind, text)] as const];
  });
  return Object.fromEntries(filled);
}

function valueOf(kind: PolicyParameter["kind"], text: string): unknown {
  switch (kind) {
    case "boolean":
      return text === "true";
    case "choice":
      return text;
    case "json":
      return jsonOf(text);
    case "number":
    case "integer":
    default:
      return Number(text);
  }
}

function valueIn(parameters: unknown, name: string): unknown {
  return typeof parameters === "object" && parameters !== null && Object.hasOwn(parameters, name)
    ? (parameters as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

/** @throws SyntaxError */
function jsonOf(text: string): unknown {
  return text.trim() === "" ? {} : JSON.parse(text);
}
