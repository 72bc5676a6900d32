/** Realistic bugs in the parts that deliver tasks, one at a time, to measure what the simulation finds. */

import { CLUSTER_MUTANTS } from "./mutants/cluster.js";
import { CONTROLLER_MUTANTS } from "./mutants/controller.js";
import { DELIVERY_MUTANTS } from "./mutants/delivery.js";
import { DISTRIBUTOR_MUTANTS } from "./mutants/distributor.js";
import { HOSTING_MUTANTS } from "./mutants/hosting.js";
import { JOURNAL_MUTANTS } from "./mutants/journal.js";
import { LINK_MUTANTS } from "./mutants/link.js";
import { LOADING_MUTANTS } from "./mutants/loading.js";
import type { Mutant } from "./mutants/mutant.js";

export const MUTANTS: readonly Mutant[] = [
  ...DELIVERY_MUTANTS,
  ...CONTROLLER_MUTANTS,
  ...DISTRIBUTOR_MUTANTS,
  ...JOURNAL_MUTANTS,
  ...CLUSTER_MUTANTS,
  ...LINK_MUTANTS,
  ...LOADING_MUTANTS,
  ...HOSTING_MUTANTS,
];
