/** Which hub a command of `sluice` means, and the connection to it. */

import type { Operator } from "../../src/operator/operator.js";
import { SluiceError } from "../../src/task/errors.js";
import { TransportError } from "../../src/transport/errors.js";
import { findHub, readOperator } from "./hub-folder.js";

/** What the options say of the hub. */
export interface OperatorFlags {
  readonly store: string;
  readonly hub?: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly tlsCa?: string;
}

/**
 * Asks the hub where one answers, and else reads the store itself, which nobody can while a hub has it: a hub that was killed
 * leaves word of itself behind.
 */
export async function fromHubOrStore(
  flags: OperatorFlags,
  hubWork: (operator: Operator) => Promise<number>,
  storeWork: () => Promise<number>,
): Promise<number> {
  if (flags.hub !== undefined) return asOperator(flags, hubWork);
  if ((await readOperator(flags.store)) === null) return storeWork();
  let operator: Operator;
  try {
    operator = await connect(flags);
  } catch (unreachable) {
    try {
      return await storeWork();
    } catch (error) {
      // There is a hub after all, and it has the store.
      throw error instanceof SluiceError && error.code === "store-locked" ? unreachable : error;
    }
  }
  return workAs(operator, hubWork);
}

/** Connects to the hub that `flags` mean, and leaves it afterwards. */
export async function asOperator(
  flags: OperatorFlags,
  work: (operator: Operator) => Promise<number>,
): Promise<number> {
  return workAs(await connect(flags), work);
}

async function workAs(operator: Operator, work: (operator: Operator) => Promise<number>): Promise<number> {
  try {
    return await work(operator);
  } finally {
    await operator.close();
  }
}

function isUnreachable(error: unknown): error is TransportError {
  return error instanceof TransportError && error.code === "connect-failed";
}

/** @throws TransportError `connect-failed`, which says where a hub was that may have been killed */
export async function connect(flags: OperatorFlags): Promise<Operator> {
  const { readNamed } = await import("./files.js");
  const authorities =
    flags.tlsCa === undefined ? null : await readNamed(flags.tlsCa, "--tls-ca", "connect-failed");
  const { tokenFile } = flags;
  const own =
    tokenFile === undefined
      ? flags.token
      : (await readNamed(tokenFile, "--token-file", "token-missing")).trim();
  const {
    url,
    token,
    authorities: known,
  } = await findHub({
    store: flags.store,
    authorities,
    ...(flags.hub !== undefined && { hub: flags.hub }),
    ...(own !== undefined && { token: own }),
  });
  const { connectOperator } = await import("../../src/operator/operator.js");
  const trusted = authorities ?? known;
  try {
    return await connectOperator({
      hub: url,
      token: token === "" ? null : token,
      // A hub of this machine has another token, and maybe another port, each time that it starts.
      ...(flags.hub === undefined &&
        own === undefined && { lookAgain: async () => await readOperator(flags.store) }),
      ...(trusted !== null && { authorities: trusted }),
    });
  } catch (error) {
    if (flags.hub !== undefined || !isUnreachable(error)) throw error;
    throw new TransportError(
      `${error.message}; the hub of store "${flags.store}" was there and may have been killed: start it again with "sluice hub"`,
      { code: "connect-failed", retry: "backoff", cause: error },
    );
  }
}
