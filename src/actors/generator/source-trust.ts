/** Which certificates of cameras and servers are believed: those that Node believes, and those of a file that the user names. */

import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import {
  checkServerIdentity,
  createSecureContext,
  rootCertificates,
  type ConnectionOptions,
  type PeerCertificate,
} from "node:tls";
import { errorText } from "../../runtime/errors.js";
import { SluiceError } from "../../task/errors.js";

/** Names a file of certificates in PEM. */
export const SOURCE_CA = "SLUICE_SOURCE_CA";

/** How to connect by TLS. */
export type SourceTrust = Pick<ConnectionOptions, "secureContext" | "checkServerIdentity">;

/**
 * Reads `SLUICE_SOURCE_CA`. What it holds is believed besides the public authorities: an authority for what it has signed, and
 * the certificate of a camera itself whatever name it is reached by, as most know none of theirs.
 *
 * @throws SluiceError `certificate-file-invalid`
 */
export async function readSourceTrust(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<SourceTrust> {
  const file = environment[SOURCE_CA];
  // Node's own authorities, with those of NODE_EXTRA_CA_CERTS.
  if (file === undefined || file === "") return {};
  try {
    const own = certificatesIn(await readFile(file, "utf8"));
    if (own.length === 0) throw new Error("it holds no certificate in PEM");
    const fingerprints = new Set(own.map((pem) => new X509Certificate(pem).fingerprint256));
    return {
      secureContext: createSecureContext({ ca: [...rootCertificates, ...own] }),
      checkServerIdentity: (host: string, certificate: PeerCertificate) =>
        fingerprints.has(certificate.fingerprint256) ? undefined : checkServerIdentity(host, certificate),
    };
  } catch (error) {
    throw new SluiceError(
      `Cannot read certificates from "${file}", which ${SOURCE_CA} names: ${errorText(error)}`,
      { code: "certificate-file-invalid", cause: error },
    );
  }
}

function certificatesIn(text: string): readonly string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}
