/** Rule `doubled`: there are no two records of one task. */

import type { AuditRule } from "../rule.js";

export const doubled: AuditRule<"doubled"> = {
  code: "doubled",
  createCheck: (_, findings) => ({
    onRecord({ record, repeated }) {
      if (repeated) findings.add(record.id, `Position ${record.position} holds a second record of it`);
    },
  }),
};
