import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type { DecisionEvent } from "../../../src/actors/scheduler/decision-port.js";
import { openDecisionThread, type DecisionThread } from "../../../src/actors/scheduler/decision-thread.js";
import { SluiceError } from "../../../src/task/errors.js";
import { roundOf, turn } from "../../scheduling/rounds.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { within } from "../../support/within.js";

/** What policies of one's own may do, by name. */
const OWN = `
const kept = [];
const plan = (view) => ({ configuration: view.source.configuration, placement: new Map() });
const why = { reason: "as it likes", inputs: {} };
const own = (name, decide, more = {}) => ({ name, parse: () => null, start: () => 0, decide, ...more });
export const policies = [
  own("calm", (state, view) => ({ state: state + 1, plan: plan(view), why })),
  own("looping", () => { for (;;); }),
  own("leaving", () => process.exit(3)),
  own("hoarding", () => { for (;;) kept.push(new Array(1e6).fill(kept.length)); }),
  own("stubborn", (state, view) => ({ state, plan: plan(view), why }), { parse: () => { for (;;); } }),
  own("picky", (state, view) => ({ state, plan: plan(view), why }), { parse() { throw new Error("not that"); } }),
];
`;

async function fileWith(text: string): Promise<string> {
  const file = join(temporaryFolder(), "own.mjs");
  await writeFile(file, text);
  return file;
}

async function withThread(
  text: string,
  work: (thread: DecisionThread, next: () => Promise<DecisionEvent>, file: string) => Promise<void>,
): Promise<void> {
  const file = await fileWith(text);
  const thread = await openDecisionThread({ files: [file], memoryMiB: 64 });
  const events: DecisionEvent[] = [];
  let wake = (): void => {};
  thread.attach({
    tell(event) {
      events.push(event);
      wake();
    },
    monotonic: () => performance.now(),
  });
  const next = async (): Promise<DecisionEvent> => {
    for (;;) {
      const event = events.shift();
      if (event !== undefined) return event;
      await within(30_000, new Promise<void>((resolve) => (wake = resolve)), "an event of the thread");
    }
  };
  try {
    await work(thread, next, file);
  } finally {
    await thread.close();
  }
}

const ofKind = <Type extends DecisionEvent["type"]>(event: DecisionEvent, type: Type) => {
  if (event.type !== type) throw new Error(`It told ${JSON.stringify(event)}`);
  return event as Extract<DecisionEvent, { readonly type: Type }>;
};

for (const name of ["looping", "leaving", "hoarding"]) {
  test(`the thread of policies tells of one that is ${name}, and decides for all others after that`, () =>
    withThread(OWN, async (thread, next) => {
      thread.decide(1, roundOf([turn("cam-1", "edge-only"), turn("cam-2", name), turn("cam-3", "calm")]));
      const lost = ofKind(await next(), "roundLost");
      assert.is(lost.job, 1);
      assert.equal(lost.culprit, { policy: name, source: "cam-2", isShadow: false });
      thread.decide(
        2,
        roundOf([
          turn("cam-1", "edge-only"),
          turn("cam-2", name, { fenced: "it did that" }),
          turn("cam-3", "calm"),
        ]),
      );
      const decided = ofKind(await next(), "roundDecided");
      assert.is(decided.job, 2);
      assert.equal(
        decided.answers.map(({ status }) => status),
        ["decided", "fenced", "decided"],
      );
    }));
}

test("the thread of policies has told what is in force before a shadow takes it down", () =>
  withThread(OWN, async (thread, next) => {
    const shadow = { policy: { name: "looping", parameters: {} }, kept: null, fenced: null };
    thread.decide(1, roundOf([turn("cam-1", "calm", { shadow })]));
    assert.is(ofKind(await next(), "roundDecided").answers[0]?.status, "decided");
    const { culprit } = ofKind(await next(), "roundLost");
    assert.equal(culprit, { policy: "looping", source: "cam-1", isShadow: true });
  }));

test("the thread of policies tries parameters, of a policy that never comes to an end with them, too", () =>
  withThread(OWN, async (thread, next) => {
    const trial = (name: string) => ({ name, parameters: {} });
    thread.check(1, trial("calm"), null);
    assert.is(ofKind(await next(), "checked").problem, null);
    thread.check(2, trial("picky"), null);
    assert.match(ofKind(await next(), "checked").problem?.text ?? "", "not that");
    thread.check(3, trial("clam"), null);
    assert.match(ofKind(await next(), "checked").problem?.text ?? "", "as there is none of that name");
    thread.check(4, trial("stubborn"), null);
    assert.match(ofKind(await next(), "checked").problem?.text ?? "", "longer than 200 ms");
    thread.check(5, trial("calm"), null);
    assert.is(ofKind(await next(), "checked").problem, null);
  }));

test("the thread of policies reads its files again, and keeps those in force where they are broken, with the line", () =>
  withThread(OWN, async (thread, next, file) => {
    thread.decide(1, roundOf([turn("cam-1", "calm")]));
    const [first] = ofKind(await next(), "roundDecided").answers;
    await writeFile(file, `${OWN}\nexport const = 3;\n`);
    const error = await thread.reload().then(
      () => null,
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof SluiceError)) throw new Error(`It was not refused: ${String(error)}`);
    assert.is(error.code, "policy-invalid");
    assert.match(error.message, file);
    assert.match(error.message, `line ${OWN.split("\n").length + 1}`);
    thread.decide(2, roundOf([turn("cam-1", "calm")]));
    assert.is(ofKind(await next(), "roundDecided").answers[0]?.status, "decided");

    await writeFile(file, OWN.replace('own("leaving"', 'own("gone"'));
    await thread.reload();
    assert.is(ofKind(await next(), "policiesRead").problem, null);
    assert.ok(thread.policies.has("gone"));
    assert.not(thread.policies.has("leaving"));
    if (first?.status !== "decided") throw new Error(first?.status);
    thread.decide(3, roundOf([turn("cam-1", "calm", { kept: first.kept })]));
    const [again] = ofKind(await next(), "roundDecided").answers;
    assert.match(again?.status === "decided" ? (again.anew ?? "") : "", "does not take what version");
  }));

for (const [name, text, said] of [
  ["ends nowhere", "for (;;);", "longer than"],
  ["throws", "const policies = 3;\nnull.foo;\n", "line 2"],
  ["ends the thread", "process.exit(1);", "ended the thread"],
] as const) {
  test(`openDecisionThread refuses a file that ${name}`, async () => {
    const file = await fileWith(text);
    const error = await openDecisionThread({ files: [file], readMs: 1_000 }).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof SluiceError)) throw new Error(`It was not refused: ${String(error)}`);
    assert.match(error.message, said);
    assert.match(error.message, file);
  });
}

test.run();
