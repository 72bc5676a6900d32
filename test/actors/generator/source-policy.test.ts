import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { admitSource, DEFAULT_SOURCE_POLICY, isAmong } from "../../../src/actors/generator/source-policy.js";
import { SluiceError } from "../../../src/task/errors.js";
import { inTemporaryFolder } from "../../support/temporary-folder.js";

async function refusal(text: string, policy: Partial<typeof DEFAULT_SOURCE_POLICY> = {}): Promise<string> {
  const error = await admitSource(text, { ...DEFAULT_SOURCE_POLICY, ...policy }).then(
    () => new Error(`"${text}" was admitted`),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof SluiceError)) throw error;
  assert.is(error.code, "source-refused", error.message);
  return error.message;
}

test("admitSource lets in addresses and test scenes by default, and no file or device", async () => {
  for (const text of ["rtsp://cam/1", "rtsps://cam/1", "http://cam/a.mp4", "https://cam/a.mp4", "test:"]) {
    await admitSource(text, DEFAULT_SOURCE_POLICY);
  }
  for (const text of ["clip.mp4", "loop:clip.mp4", "loop:/etc/passwd"]) {
    assert.match(await refusal(text), /below its own folders alone/);
  }
  assert.match(await refusal("/dev/video0"), /no source of the kind "device"/);
  await admitSource("/dev/video0", { ...DEFAULT_SOURCE_POLICY, kinds: ["device"] });
  assert.match(await refusal("test:", { kinds: ["rtsp"] }), /it opens rtsp$/);
  assert.is((await admitSource("clip.mp4", "any")).kind, "file");
});

test("admitSource takes what ffmpeg would take for a protocol or a filter for a file, and refuses it", async () => {
  for (const text of [
    "concat:/etc/passwd|/etc/passwd",
    "subfile,,start,0,end,9,,:/etc/passwd",
    "lavfi:movie=/etc/passwd",
    "async:file:/etc/passwd",
    "data:video/mp4,x",
    "pipe:0",
    "unix:/run/docker.sock",
    "-i",
  ]) {
    await refusal(text);
  }
});

test("admitSource opens files below a node's own folders, by whatever way leads there", async () => {
  await inTemporaryFolder(async (folder) => {
    const root = join(folder, "root");
    mkdirSync(join(root, "day"), { recursive: true });
    writeFileSync(join(root, "day", "a.mp4"), "x");
    symlinkSync(join(root, "day"), join(root, "link"));
    const policy = { ...DEFAULT_SOURCE_POLICY, folders: [root] };
    for (const text of ["day/a.mp4", join(root, "day/a.mp4"), "link/a.mp4", "./day/../day/a.mp4"]) {
      const source = await admitSource(text, policy);
      assert.is(source.kind === "file" && source.path, join(root, "day", "a.mp4"), text);
      assert.is(source.label, text);
    }
    const looped = await admitSource("loop:link/a.mp4", policy);
    assert.equal(looped.kind === "file" && [looped.path, looped.loops], [join(root, "day", "a.mp4"), true]);
    const none = await admitSource("day/none.mp4", policy);
    assert.is(none.kind === "file" && none.path, join(root, "day", "none.mp4"));
  });
});

test("admitSource says the same of what is outside, whether it is there or not", async () => {
  await inTemporaryFolder(async (folder) => {
    const root = join(folder, "root");
    mkdirSync(root);
    mkdirSync(join(folder, "root-2"));
    for (const name of ["there", "root-2/there"]) writeFileSync(join(folder, name), "x");
    symlinkSync(folder, join(root, "out"));
    symlinkSync(join(folder, "none"), join(root, "dangling"));
    symlinkSync(join(root, "loop"), join(root, "loop"));
    const said = (text: string) => refusal(text, { folders: [root] });
    const pairs: readonly (readonly [string, string])[] = [
      ["../there", "../none"],
      [join(folder, "there"), join(folder, "none")],
      [join(folder, "root-2/there"), join(folder, "root-2/none")],
      ["out/there", "out/none"],
      ["out/there/deeper", "out/none/deeper"],
      ["dangling", "loop"],
      ["/etc/shadow", "/etc/none"],
    ];
    for (const [there, none] of pairs) {
      const [a, b] = [await said(there), await said(none)];
      assert.is(a.replaceAll(there, "?"), b.replaceAll(none, "?"));
    }
  });
});

test("admitSource keeps to a list of hosts, however an address is written", async () => {
  const hosts = ["cam-1", "10.0.0.7", "*.site.example"];
  for (const text of ["rtsp://CAM-1/x", "rtsp://u:p@10.0.0.7:554/x", "http://a.b.site.example/x"]) {
    const source = await admitSource(text, { ...DEFAULT_SOURCE_POLICY, hosts });
    assert.equal(source.kind !== "test" && "redirectHosts" in source && source.redirectHosts, hosts);
  }
  for (const text of [
    "rtsp://cam-2/x",
    "rtsp://cam-1@evil/x",
    "rtsp://cam-1:554@evil/x",
    "http://10.0.0.7.evil/x",
    "http://site.example/x",
    "http://evilsite.example/x",
    "http://127.0.0.1/x",
    "http://[::1]/x",
  ]) {
    await refusal(text, { hosts });
  }
  assert.ok(isAmong("x.Y", ["*.y"]));
});

test.run();
