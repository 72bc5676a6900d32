/** A constant configuration and an explicit node for each stage; what is not named stays as asked for, or on the cloud. */

import { z } from "../../runtime/parse.js";
import { SluiceError } from "../../task/errors.js";
import { parseConfiguration, type Configuration } from "../../task/configuration.js";
import type { NodeName, StageId } from "../../task/identity.js";
import { offers } from "../../task/offers.js";
import { suggestName } from "../../task/nearest-name.js";
import { stageIn, variantProblem } from "../../task/variants.js";
import type { Policy, PolicyScope } from "../policy.js";
import { parametersOf, parseParameters } from "./parameters.js";

const name = z.string().min(1);
export const schema = z.strictObject({
  /** Overrides what the user asked for, knob by knob. */
  configuration: z.record(z.string(), z.unknown()).default({}),
  /** Stage to node, or to nodes in order of preference. */
  placement: z.record(name, z.union([name, z.array(name).min(1)])).default({}),
  /** Tasks wait for a stage that reads pixels, where it loads, and go over no other link meanwhile. */
  pixelsStay: z.boolean().default(false),
});

interface Parameters {
  readonly knobs: Readonly<Record<string, unknown>>;
  readonly placement: ReadonlyMap<StageId, readonly NodeName[]>;
  readonly pixelsStay: boolean;
}

interface State extends Parameters {
  /** The knobs over what the source asked for, kept while that is the same. */
  readonly merged: { readonly asked: Configuration; readonly configuration: Configuration } | null;
}

export const fixed: Policy<Parameters, State> = {
  name: "fixed",
  get parameters() {
    return parametersOf(schema);
  },
  parse(parameters) {
    const { configuration: knobs, placement, pixelsStay } = parseParameters("fixed", schema, parameters);
    parseConfiguration(knobs);
    const entries = Object.entries(placement).map(
      // Names become ids here, where outside data ends; a wrong one matches no stage and no node.
      ([stage, nodes]) => [stage as StageId, [nodes].flat() as NodeName[]] as const,
    );
    return { knobs, placement: new Map(entries), pixelsStay };
  },
  check({ knobs, placement }, scope) {
    const configuration = parseConfiguration(knobs, scope.source.configuration);
    const wrong = variantProblem(scope.source.pipeline, configuration.variants);
    if (wrong !== null) throw refusal(`Cannot use these variants as ${wrong}`);
    for (const [stage, nodes] of placement) checkStage(stage, nodes, { ...scope, configuration });
  },
  start: (parameters) => ({ ...parameters, merged: null }),
  decide(state, view) {
    const asked = view.source.configuration;
    const merged =
      state.merged?.asked === asked
        ? state.merged
        : { asked, configuration: parseConfiguration(state.knobs, asked) };
    const missing = [...state.placement.values()].flat().filter((node) => !view.nodes.has(node));
    return {
      state: { ...state, merged },
      plan: { configuration: merged.configuration, placement: state.placement, pixelsStay: state.pixelsStay },
      why:
        missing.length === 0
          ? { reason: "placed as the policy says", inputs: {} }
          : {
              reason: "placed as the policy says, but for nodes that are missing",
              inputs: { missing: [...new Set(missing)].join(", ") },
            },
    };
  },
};

function checkStage(
  stage: StageId,
  nodes: readonly NodeName[],
  { source, nodes: known, configuration }: PolicyScope & { readonly configuration: Configuration },
): void {
  const { pipeline } = source;
  const any = pipeline.stages.find(({ id }) => id === stage);
  const declared = any && stageIn(any, configuration);
  if (declared === undefined) {
    const stages = pipeline.stages.map(({ id }) => id);
    throw refusal(
      `Cannot place stage "${stage}" as pipeline "${pipeline.id}" has none${suggestName(stage, stages)}`,
    );
  }
  for (const node of nodes) {
    const description = known.get(node);
    if (description === undefined) {
      throw refusal(
        `Cannot place stage "${stage}" on node "${node}" as it has not joined${suggestName(node, known.keys())}: the nodes are ${[...known.keys()].join(", ")}`,
      );
    }
    const { service, model } = declared;
    const models = description.models ?? [];
    // Without a model a node does not offer the services that need one, either.
    if (model !== undefined && models.every(({ file }) => file !== model)) {
      const held = models.map(({ file }) => `"${file}"`).join(", ");
      throw refusal(
        `Cannot place stage "${stage}" on node "${node}" as it has no model file "${model}", but ${held || "none"}: put it into the folder that --model-dir names, and start the node again`,
      );
    }
    if (!offers(description, declared)) {
      const offered = description.services.map((other) => `"${other}"`).join(", ");
      throw refusal(
        `Cannot place stage "${stage}" on node "${node}" as it must run service "${service}": it runs ${offered || "none"}`,
      );
    }
  }
}

function refusal(text: string): SluiceError {
  return new SluiceError(text, { code: "policy-invalid" });
}
