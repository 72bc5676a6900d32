/** Says in the log when the tokens of a hub cannot be read, once until they can be again. */

import { errorText } from "../../runtime/errors.js";
import type { Logger } from "../../runtime/log.js";
import type { TokenAuthority } from "./token-authority.js";

export function createReportingAuthority(authority: TokenAuthority, log: Logger): TokenAuthority {
  let said = false;

  async function watched<Value>(look: Promise<Value>): Promise<Value> {
    try {
      const found = await look;
      if (said) log.info("The tokens can be read again");
      said = false;
      return found;
    } catch (error) {
      if (!said) {
        log.error("Cannot read the tokens: members stay, and nobody new can join meanwhile", {
          error: errorText(error),
        });
      }
      said = true;
      throw error;
    }
  }

  return {
    find: (id) => watched(authority.find(id)),
    bind: (id, node) => watched(authority.bind(id, node)),
  };
}
