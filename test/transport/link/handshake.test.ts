import { join as joinPath } from "node:path";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import * as fc from "fast-check";
import { TransportError } from "../../../src/transport/errors.js";
import {
  AcceptorHandshake,
  type AcceptorStep,
  type JoiningPeer,
} from "../../../src/transport/link/acceptor-handshake.js";
import { DialerHandshake, type DialerIdentity } from "../../../src/transport/link/dialer-handshake.js";
import { createMemoryTokens } from "../../../src/transport/security/memory-tokens.js";
import type { TokenAuthority } from "../../../src/transport/security/token-authority.js";
import { openNameKey, type NameKey } from "../../../src/transport/security/name-key.js";
import { generateToken, tokenText } from "../../../src/transport/security/token.js";
import { inTemporaryFolder } from "../../support/temporary-folder.js";

const IDENTITY: DialerIdentity = {
  cluster: null,
  name: "edge-1",
  roles: ["edge"],
  url: null,
  version: "1",
  pid: 1,
};

let nonces = 0;
const nonce = () => `nonce-number-${String((nonces += 1)).padStart(8, "0")}`;

interface Given {
  readonly pause?: () => Promise<void>;
  readonly authority?: TokenAuthority | null;
  readonly admit?: (peer: JoiningPeer) => Promise<{ readonly welcome: unknown } | TransportError>;
}

function acceptor({ authority = null, admit, pause }: Given = {}): AcceptorHandshake {
  return new AcceptorHandshake({
    identity: { cluster: "sluice", clusterId: "a-store", name: "hub", version: "1" },
    authority,
    nonce,
    now: () => 0,
    pause: pause ?? (() => Promise.resolve()),
    admit: admit ?? (() => Promise.resolve({ welcome: { session: 7 } })),
  });
}

function dialer(token: string | null, identity: Partial<DialerIdentity> = {}): DialerHandshake {
  return new DialerHandshake({ identity: { ...IDENTITY, ...identity }, token, nonce });
}

type Change = (frame: Uint8Array) => Uint8Array;
const asIs: Change = (frame) => frame;
const edited =
  (change: (frame: Record<string, unknown>) => object): Change =>
  (frame) =>
    Buffer.from(JSON.stringify(change(JSON.parse(Buffer.from(frame).toString()) as Record<string, unknown>)));

/** Runs both sides against each other; frames may be changed on the way. @returns how each ended, and what went over */
async function shake(
  here: DialerHandshake,
  there: AcceptorHandshake,
  { out = asIs, back = asIs }: { out?: Change; back?: Change } = {},
) {
  const frames: Uint8Array[] = [];
  let frame = here.start();
  for (;;) {
    frames.push(frame);
    const answer: AcceptorStep = await there.receive(out(frame));
    frames.push(answer.frame);
    const step = here.receive(back(answer.frame));
    if (step.type === "send") frame = step.frame;
    else return { step, answer, frames };
  }
}

async function outcome(here: DialerHandshake, there: AcceptorHandshake): Promise<string> {
  const { step } = await shake(here, there);
  return step.type === "failed" ? step.error.code : step.type;
}

function withToken() {
  const tokens = createMemoryTokens();
  const text = tokens.create({ roles: ["edge"], grants: ["spawn"], expiresAtMs: 1_000 });
  return { tokens, text };
}

test("a handshake without tokens, and one with: both ends know each other, and the secret stays at home", async () => {
  const open = await shake(dialer(null), acceptor());
  assert.equal(open.step, {
    type: "done",
    peer: { name: "hub", cluster: "sluice", clusterId: "a-store" },
    welcome: { session: 7 },
  });
  const { tokens, text } = withToken();
  const { step, answer, frames } = await shake(dialer(text), acceptor({ authority: tokens }));
  assert.is(step.type, "done");
  const [id = "", secret = ""] = text.split(".");
  assert.equal(answer.type === "done" ? answer.peer : null, {
    name: "edge-1",
    roles: ["edge"],
    grants: ["spawn"],
    url: null,
    version: "1",
    pid: 1,
    token: id,
    nameKey: null,
    nameKeyLasts: "process",
  });
  for (const frame of frames) assert.not.ok(Buffer.from(frame).toString().includes(secret));
  assert.equal((await tokens.find(id))?.nodes, ["edge-1"]);
});

test("AcceptorHandshake refuses with the reason, and the same for a wrong id as for a wrong secret", async () => {
  const { tokens, text } = withToken();
  const [id = ""] = text.split(".");
  const wrongSecret = tokenText({ id, secret: generateToken().secret });
  const refusal = async (token: string) => {
    const { step } = await shake(dialer(token), acceptor({ authority: tokens }));
    return step.type === "failed" ? [step.error.code, step.error.message] : [];
  };
  const unknown = await refusal(tokenText(generateToken()));
  assert.is(unknown[0], "token-invalid");
  assert.equal(await refusal(wrongSecret), unknown);
  assert.is(await outcome(dialer(null), acceptor({ authority: tokens })), "token-missing");
  assert.is(
    await outcome(dialer(text, { roles: ["cloud"] }), acceptor({ authority: tokens })),
    "role-denied",
  );
  assert.is(await outcome(dialer(null, { cluster: "other" }), acceptor()), "cluster-mismatch");
  tokens.revoke(id);
  assert.is(await outcome(dialer(text), acceptor({ authority: tokens })), "token-revoked");
  const full = new TransportError("Cannot join: full", { code: "cluster-full" });
  assert.is(await outcome(dialer(null), acceptor({ admit: () => Promise.resolve(full) })), "cluster-full");
});

test("a handshake refuses a version that has no protocol in common, and ignores fields that it does not know", async () => {
  const future = edited((frame) =>
    frame["type"] === "hello" ? { ...frame, protocol: 9, protocolMin: 9 } : frame,
  );
  const { step } = await shake(dialer(null), acceptor(), { out: future });
  assert.is(step.type === "failed" ? step.error.code : "", "version-incompatible");
  const newer = edited((frame) => ({ ...frame, colour: "blue" }));
  assert.is((await shake(dialer(null), acceptor(), { out: newer, back: newer })).step.type, "done");
});

test("a recorded handshake is of no use a second time", async () => {
  const { tokens, text } = withToken();
  const { frames } = await shake(dialer(text), acceptor({ authority: tokens }));
  const again = acceptor({ authority: tokens });
  await again.receive(frames[0] ?? new Uint8Array());
  const replayed = await again.receive(frames[2] ?? new Uint8Array());
  assert.is(replayed.type === "refused" ? replayed.error.code : "", "token-invalid");
});

test("a hello that is changed on the way breaks the proof", async () => {
  const changes: readonly Change[] = [
    edited((frame) => (frame["type"] === "hello" ? { ...frame, name: "edge-2" } : frame)),
    edited((frame) => (frame["type"] === "hello" ? { ...frame, roles: [] } : frame)),
    edited((frame) => (frame["type"] === "hello" ? { ...frame, url: "ws://evil:1" } : frame)),
  ];
  for (const out of changes) {
    const { tokens, text } = withToken();
    const { step } = await shake(dialer(text), acceptor({ authority: tokens }), { out });
    assert.is(step.type === "failed" ? step.error.code : "", "token-invalid");
  }
});

test("a hub that does not know the token is found out before anything of its welcome is read", async () => {
  const { text } = withToken();
  const fake: TokenAuthority = { find: () => Promise.resolve(null), bind: () => Promise.resolve(true) };
  // It skips the check that it cannot do, and makes up the proof that it cannot have.
  const here = dialer(text);
  const there = acceptor({ authority: null });
  const { step } = await shake(here, there, {
    back: edited((frame) => (frame["type"] === "welcome" ? { ...frame, proof: "A".repeat(43) } : frame)),
  });
  assert.is(step.type === "failed" ? step.error.code : "", "handshake-failed");
  assert.is(await outcome(dialer(text), acceptor({ authority: fake })), "token-invalid");
});

test("frames out of turn, too long, too deep or of any bytes end a handshake and throw nothing", async () => {
  const { tokens, text } = withToken();
  const deep = Buffer.from(`${"[".repeat(2_000)}${"]".repeat(2_000)}`);
  const polluted = Buffer.from(
    '{"__proto__":{"type":"hello"},"constructor":{"prototype":{"roles":["cloud"]}}}',
  );
  const long = Buffer.from(JSON.stringify({ type: "hello", name: "x".repeat(5_000) }));
  for (const frame of [deep, polluted, long, Buffer.from('{"type":"proof","proof":null}')]) {
    const step = await acceptor({ authority: tokens }).receive(frame);
    assert.is(step.type === "refused" ? step.error.code : step.type, "handshake-failed");
  }
  assert.is(({} as Record<string, unknown>)["type"], undefined);
  const twice = acceptor({ authority: tokens });
  await twice.receive(dialer(text).start());
  assert.is((await twice.receive(dialer(text).start())).type, "refused");
  const hasty = acceptor({ authority: tokens });
  const [first, second] = await Promise.all([
    hasty.receive(dialer(text).start()),
    hasty.receive(dialer(text).start()),
  ]);
  assert.equal([first.type, second.type], ["send", "refused"]);
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), async (bytes) => {
      assert.is((await acceptor().receive(bytes)).type, "refused");
      assert.is(dialer(null).receive(bytes).type, "failed");
    }),
  );
});

test("the nodes that join with a token are recorded, but not the ever new names of operators", async () => {
  const tokens = createMemoryTokens();
  const terms = { grants: [], expiresAtMs: 1e15 } as const;
  const join = async (text: string, name: string, role: "edge" | "operator"): Promise<readonly string[]> => {
    const step = await outcome(dialer(text, { name, roles: [role] }), acceptor({ authority: tokens }));
    assert.is(step, "done");
    return (await tokens.find(text.slice(0, text.indexOf("."))))?.nodes ?? [];
  };
  const edges = tokens.create({ ...terms, roles: ["edge", "operator"] });
  assert.equal(await join(edges, "edge-1", "edge"), ["edge-1"]);
  const operators = tokens.create({ ...terms, roles: ["operator"] });
  assert.equal(await join(operators, "operator-1", "operator"), []);
  const one = tokens.create({ ...terms, roles: ["operator"], use: "single" });
  assert.equal(await join(one, "operator-1", "operator"), ["operator-1"]);
});

test("a refusal does not reveal what is wrong with the hub's token files", async () => {
  const broken: TokenAuthority = {
    find: () =>
      Promise.reject(
        new TransportError("Cannot use the tokens in /secret/path", { code: "token-file-invalid" }),
      ),
    bind: () => Promise.resolve(true),
  };
  const { step } = await shake(dialer(tokenText(generateToken())), acceptor({ authority: broken }));
  assert.is(step.type === "failed" ? step.error.code : "", "handshake-failed");
  assert.not.match(step.type === "failed" ? step.error.message : "", "/secret");
});

test("an unknown id and a wrong secret are refused after the same time, which does not wait for the look-up", async () => {
  const { tokens, text } = withToken();
  const [id = ""] = text.split(".");
  const wrong = `${id}.${generateToken().secret}`;
  for (const presented of [wrong, tokenText(generateToken())]) {
    const steps: string[] = [];
    let goOn = (): void => {};
    const there = acceptor({
      authority: {
        ...tokens,
        find: async (wanted) => {
          steps.push("looked up");
          return tokens.find(wanted);
        },
      },
      pause: () => {
        steps.push("pause begun");
        return new Promise((resolve) => (goOn = resolve));
      },
    });
    const shaken = outcome(dialer(presented), there).then((code) => steps.push(code));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(steps, ["pause begun", "looked up"]);
    goOn();
    await shaken;
    assert.equal(steps, ["pause begun", "looked up", "token-invalid"]);
  }
});

test("a node proves the key of its name, and one that names a key which it does not have is refused", () =>
  inTemporaryFolder(async (folder) => {
    const [own, others] = [
      await openNameKey(joinPath(folder, "own")),
      await openNameKey(joinPath(folder, "others")),
    ];
    const peers: (string | null)[] = [];
    const there = (): AcceptorHandshake =>
      acceptor({
        admit: (peer) => {
          peers.push(peer.nameKey);
          return Promise.resolve({ welcome: {} });
        },
      });
    const here = (nameKey: NameKey | null): DialerHandshake =>
      new DialerHandshake({ identity: IDENTITY, token: null, nameKey, nonce });
    assert.is(await outcome(here(own), there()), "done");
    assert.is(await outcome(here(null), there()), "done");
    const liar: NameKey = { ...others, sign: (transcript: Uint8Array) => own.sign(transcript) };
    assert.is(await outcome(here(liar), there()), "handshake-failed");
    assert.equal(peers, [own.publicKey, null]);
  }));

test.run();
