/** Which versions of models the stages of this node run: people hear of each that changes or is refused, and the scheduler for people. */

import { stageKeyText } from "../../task/identity.js";
import type { MessageOf, Router } from "./state.js";

export function onModelChanged(router: Router, { model, incarnation }: MessageOf<"modelChanged">): void {
  const { retained, listener, node } = router;
  const inbox = retained.inboxes.get(stageKeyText(model.stage));
  if (inbox?.processor?.incarnation !== incarnation) return;
  const before = inbox.model;
  inbox.model = model;
  retained.loadedChanged ||= inbox.loaded;
  if (before === null) return;
  const { refused, ...use } = model;
  const isNew = refused !== undefined && refused.version !== before.refused?.version;
  if (!isNew && use.version === before.version) return;
  listener?.tell({ type: "modelSwapped", node, model: isNew ? model : use });
}
