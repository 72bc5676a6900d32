/**
 * Rule `sealed`: an exported file ends in a trailer, and what that says of the lines before it holds: their number and their
 * digest. Where the key of the store is at hand, the store has signed it.
 */

import type { AuditRule } from "../rule.js";

export const sealed: AuditRule<"sealed"> = {
  code: "sealed",
  createCheck: (_, findings) => ({
    onEnd(_missing, { file }) {
      if (file === null) return;
      const { trailer, recordCount, digest, signed } = file;
      if (trailer === null) {
        findings.addOfRun(
          "The file has no trailer: its end is missing, or it was not exported by this version",
        );
        return;
      }
      if (trailer.recordCount !== recordCount) {
        findings.addOfRun(`The file has ${recordCount} records, and its trailer says ${trailer.recordCount}`);
      }
      if (trailer.digest !== digest) {
        findings.addOfRun("The records are not those of the trailer: their digest is another");
      }
      if (signed === false) {
        findings.addOfRun("The trailer is not signed by the store whose key was given");
      }
    },
  }),
};
