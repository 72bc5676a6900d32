/** Asks an actor of another node: the reply is parsed before anybody uses it. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { AskOptions } from "../../runtime/ask-options.js";
import { replyInvalid } from "../../runtime/errors.js";
import type { ActorSystem } from "../../runtime/system.js";
import { readReply, type ReplyForm } from "./replies.js";

/** @throws RuntimeError `reply-invalid` where the reply is not of the form; else as `ActorSystem.ask` */
export async function askNode<const Message, Reply>(
  system: ActorSystem,
  target: ActorRef<Message>,
  form: ReplyForm<Reply>,
  toRequest: (replyTo: ActorRef<Reply>) => Message,
  options?: AskOptions,
): Promise<Reply> {
  const reply = await system.ask<Message, Reply>(target, toRequest, options);
  const read = readReply(form, reply);
  if (read.ok) return read.reply;
  throw replyInvalid(target.address, read.problem);
}
