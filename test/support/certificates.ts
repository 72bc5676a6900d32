/** Certificates for servers of tests, made by openssl where there is one. */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface Certificate {
  /** Both in PEM. */
  readonly key: string;
  readonly certificate: string;
  /** Holds the certificate. */
  readonly file: string;
}

/** One that is signed by itself, for `name` alone; null, and said, without an openssl. */
export function makeCertificate(folder: string, name: string): Certificate | null {
  const [key, file] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)];
  const make = `req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=${name} -addext subjectAltName=DNS:${name}`;
  try {
    execFileSync("openssl", [...make.split(" "), "-keyout", key, "-out", file], { stdio: "ignore" });
  } catch {
    console.log("SKIPPED: there is no openssl to make a certificate with");
    return null;
  }
  return { key: readFileSync(key, "utf8"), certificate: readFileSync(file, "utf8"), file };
}
