/** Vouchers for tests of what has nothing to do with them: everybody vouches, and everybody is believed. */

import type { VoucherPort } from "../../src/actors/distributor/spawn.js";
import { VOUCHER_BYTES, type Vouch } from "../../src/task/voucher.js";

export const VOUCHER = new Uint8Array(VOUCHER_BYTES).fill(7);
export const vouch: Vouch = () => VOUCHER;
export const CREDULOUS: VoucherPort = {
  isVouched: () => true,
  isClosingVouched: () => true,
  standing: () => "holder",
  written: () => null,
};
