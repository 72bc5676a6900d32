/**
 * Join tokens, `ID.SECRET`, and how both sides prove that they know one without sending it.
 *
 * The proof is that of SCRAM (RFC 5802 section 3) without its iterated hash: the secret is random and too long to be guessed. A
 * hub keeps a verifier, from which the secret cannot be derived and with which nobody can join. Both proofs cover the exact
 * bytes of the hello and the challenge, and with them names, roles, versions and both nonces.
 */

import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { TransportError } from "../errors.js";

/** A join token, as a node has it. */
export interface Token {
  readonly id: string;
  readonly secret: string;
}

/** What a hub keeps of a token, in place of its secret. */
export interface Verifier {
  /** Base64url of SHA-256 of the client key. */
  readonly storedKey: string;
  /** Base64url. */
  readonly serverKey: string;
}

/** 50 random bits. */
const ID = /^[a-z0-9]{10}$/;
/** 240 random bits. */
const SECRET = /^[A-Za-z0-9_-]{40}$/;
const SECRET_BYTES = 30;
const ID_LETTERS = "abcdefghijklmnopqrstuvwxyz012345";

/** Makes a token from random bytes. @param random returns as many as asked for; default: the operating system's */
export function generateToken(random: (bytes: number) => Uint8Array = randomBytes): Token {
  const id = [...random(10)].map((byte) => ID_LETTERS[byte % ID_LETTERS.length]).join("");
  return { id, secret: Buffer.from(random(SECRET_BYTES)).toString("base64url") };
}

/** A token as text, made of the text that `nonce` gives, which nobody can guess. */
export function tokenFrom(nonce: () => string): string {
  return tokenText(
    generateToken((bytes) => createHash("sha512").update(nonce()).digest().subarray(0, bytes)),
  );
}

export function tokenText({ id, secret }: Token): string {
  return `${id}.${secret}`;
}

/** @throws TransportError `token-invalid`; its text contains nothing of the secret */
export function parseToken(text: string): Token {
  const at = text.indexOf(".");
  const token = { id: text.slice(0, at), secret: text.slice(at + 1) };
  if (at > 0 && isTokenId(token.id) && SECRET.test(token.secret)) return token;
  throw new TransportError(
    `Cannot read the token as it is not one: wanted "ID.SECRET", as "sluice token create" prints it`,
    { code: "token-invalid" },
  );
}

export function isTokenId(text: string): boolean {
  return ID.test(text);
}

export function verifierOf({ secret }: Token): Verifier {
  return {
    storedKey: sha256(clientKeyOf(secret)).toString("base64url"),
    serverKey: serverKeyOf(secret).toString("base64url"),
  };
}

/** @param transcript bytes of hello and challenge */
export function clientProof({ secret }: Token, transcript: Uint8Array): string {
  const clientKey = clientKeyOf(secret);
  return xor(clientKey, hmac(sha256(clientKey), transcript)).toString("base64url");
}

export function checkClientProof({ storedKey }: Verifier, transcript: Uint8Array, proof: string): boolean {
  const stored = Buffer.from(storedKey, "base64url");
  const given = Buffer.from(proof, "base64url");
  if (given.length !== stored.length) return false;
  return timingSafeEqual(sha256(xor(given, hmac(stored, transcript))), stored);
}

export function serverProof({ serverKey }: Verifier, transcript: Uint8Array): string {
  return hmac(Buffer.from(serverKey, "base64url"), transcript).toString("base64url");
}

export function checkServerProof({ secret }: Token, transcript: Uint8Array, proof: string): boolean {
  const wanted = hmac(serverKeyOf(secret), transcript);
  const given = Buffer.from(proof, "base64url");
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function clientKeyOf(secret: string): Buffer {
  return hmac(Buffer.from(secret), Buffer.from("sluice client key"));
}

function serverKeyOf(secret: string): Buffer {
  return hmac(Buffer.from(secret), Buffer.from("sluice server key"));
}

function hmac(key: Uint8Array, data: Uint8Array): Buffer {
  return createHmac("sha256", key).update(data).digest();
}

function sha256(data: Uint8Array): Buffer {
  return createHash("sha256").update(data).digest();
}

function xor(left: Uint8Array, right: Uint8Array): Buffer {
  return Buffer.from(left.map((byte, index) => byte ^ (right[index] ?? 0)));
}
