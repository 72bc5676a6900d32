/** Rule `position`: a record has a higher position than the one before it. Else it is out of order, or given twice. */

import type { AuditRule } from "../rule.js";

export const position: AuditRule<"position"> = {
  code: "position",
  createCheck(_, findings) {
    let highest = -1;
    return {
      onRecord({ record }) {
        if (record.position > highest) {
          highest = record.position;
          return;
        }
        const detail =
          record.position === highest
            ? `Position ${record.position} is given twice`
            : `Position ${record.position} comes after ${highest}: out of order, or given twice`;
        findings.add(record.id, detail);
      },
    };
  },
};
