/** `GET /frame/SOURCE.jpg?width=`: what a source captures now, as one picture. */

import { parseWith, z } from "../../runtime/parse.js";
import type { HttpRequest } from "../../transport/carrier.js";
import type { Operator } from "../../operator/operator.js";
import { parseSourceId } from "../../task/identity.js";
import { PICTURE_LIMITS } from "../../task/picture.js";
import { plainAnswer, type Answer } from "../answer.js";
import type { PictureDesk } from "./picture-desk.js";

const { widthMin, widthMax } = PICTURE_LIMITS;
const queryForm = z.strictObject({
  width: z.coerce.number().int().min(widthMin).max(widthMax).default(640),
});

export async function frameAnswer(
  request: HttpRequest,
  { operator, pictures }: { readonly operator: Operator; readonly pictures: PictureDesk },
): Promise<Answer> {
  const [path = "", query] = (request.url ?? "").split("?");
  const [, source] = /^\/frame\/([^/]+)\.jpg$/.exec(path) ?? [];
  if (source === undefined) return plainAnswer(404, "Ask for /frame/SOURCE.jpg");
  const asked = parseWith(queryForm, Object.fromEntries(new URLSearchParams(query)));
  if (!asked.ok) return plainAnswer(400, `Cannot read the request: ${asked.problem}`);
  const known = await operator.sources();
  const id = Object.keys(known).find((name) => name === source);
  if (id === undefined) return plainAnswer(404, "No source of this name runs");
  const picture = await pictures.next(parseSourceId(id), asked.value.width);
  if (picture === null) return plainAnswer(504, "The source has shown nothing for a while");
  return { status: 200, contentType: "image/jpeg", body: picture.jpeg };
}
