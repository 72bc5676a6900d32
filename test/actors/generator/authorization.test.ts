import { createHash } from "node:crypto";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { Authorization } from "../../../src/actors/generator/authorization.js";

function answerTo(challenges: readonly string[], user = "Mufasa", password = "CircleOfLife"): string | null {
  const authorization = new Authorization({ user, password });
  return authorization.challenged(challenges) ? authorization.headerFor("GET", "/dir/index.html") : null;
}

const parameter = (header: string | null, name: string): string =>
  new RegExp(`${name}="?([^",]*)`).exec(header ?? "")?.[1] ?? "";
const md5 = (text: string) => createHash("md5").update(text).digest("hex");

test("Authorization answers a digest as the example of RFC 2069 does, with its erratum", () => {
  const challenge =
    'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"';
  const header = answerTo([challenge]);
  assert.is(parameter(header, "response"), "1949323746fe6a43ef61f9606e7febea");
  assert.is(parameter(header, "opaque"), "5ccc069c403ebaf9f0171e9517f40e41");
  assert.not.match(header ?? "", /cnonce|CircleOfLife/);
});

test("Authorization answers qop and sessions, and counts its requests", () => {
  const authorization = new Authorization({ user: "u", password: "p@ss" });
  assert.ok(
    authorization.challenged(['Digest realm="r", qop="auth-int, auth", nonce="n", algorithm=MD5-sess']),
  );
  for (const nc of ["00000001", "00000002"]) {
    const header = authorization.headerFor("DESCRIBE", "rtsp://cam/s");
    const cnonce = parameter(header, "cnonce");
    const a1 = md5(`${md5("u:r:p@ss")}:n:${cnonce}`);
    assert.is(parameter(header, "nc"), nc);
    assert.is(
      parameter(header, "response"),
      md5(`${a1}:n:${nc}:${cnonce}:auth:${md5("DESCRIBE:rtsp://cam/s")}`),
    );
  }
});

test("Authorization takes the best challenge that it knows", () => {
  const of = (hash: string) => `Digest realm="r", nonce="${hash}", algorithm=${hash}`;
  assert.is(parameter(answerTo(["Basic realm=x", of("MD5"), of("SHA-256")]), "algorithm"), "SHA-256");
  assert.is(parameter(answerTo(["Basic realm=x", of("MD5")]), "algorithm"), "MD5");
  assert.is(
    answerTo(["Basic realm=x", of("SHA3")], "ü", "p:@"),
    `Basic ${Buffer.from("ü:p:@").toString("base64")}`,
  );
  assert.is(answerTo(["Negotiate", of("SHA3"), 'Digest realm="r"', ""]), null);
});

test("Authorization lets no challenge break out of its header", () => {
  const header =
    answerTo(['Digest realm="a\\"b", nonce="n\r\nX: 1", opaque="\\\\", algorithm="MD5\r\nX"']) ?? "";
  assert.is(header, "");
  const quoted = answerTo(['Digest realm="a\\"b", nonce="n\r\nX: 1"'], 'u"\r\nX: 2') ?? "";
  assert.not.match(quoted, /[\r\n]/);
  assert.match(quoted, 'realm="a\\"b"');
});

test.run();
