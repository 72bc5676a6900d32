/** Playlists of HLS: played by way of the relay, and led nowhere else. */

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { Places, rewritePlaylist } from "../../../src/actors/generator/playlist.js";
import { captureAll, folder, makeClip, runFfmpeg, testEach } from "./clips.js";

const clip = makeClip("hls.mp4", "25", 4);
runFfmpeg([
  "-i",
  clip,
  "-c",
  "copy",
  "-f",
  "hls",
  "-hls_time",
  "1",
  "-hls_list_size",
  "0",
  join(folder, "media.m3u8"),
]);
const small = makeClip("hls-small.mp4", "25", 4, ["-s", "80x46"]);
runFfmpeg([
  "-i",
  small,
  "-c",
  "copy",
  "-f",
  "hls",
  "-hls_time",
  "1",
  "-hls_list_size",
  "0",
  join(folder, "low.m3u8"),
]);
const USER = `Basic ${Buffer.from("user:secret").toString("base64")}`;
const HEAD = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n";
const listOf = (location: string) => `${HEAD}#EXTINF:1,\n${location}\n#EXT-X-ENDLIST\n`;

async function served(listener: RequestListener, work: (port: number) => Promise<void>): Promise<void> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await work((server.address() as AddressInfo).port);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

testEach(
  "a playlist of HLS is played, the best of its variants, with the password at each request",
  async (ffmpeg) => {
    const master = `#EXTM3U
#EXT-X-STREAM-INF:BANDWIDTH=100000,RESOLUTION=80x46
low.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=400000,RESOLUTION=160x90,AUDIO="a"
../live/media.m3u8
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="a",URI="http://elsewhere.invalid/audio.m3u8"
`;
    const asked: string[] = [];
    await served(
      ({ url = "", headers }, response) => {
        if (headers.authorization !== USER) {
          response.writeHead(401, { "www-authenticate": "Basic realm=x" }).end();
          return;
        }
        asked.push(url);
        const name = url.split("/").at(-1)?.split("?")[0] ?? "";
        response.end(name === "master.m3u8" ? master : readFileSync(join(folder, name)));
      },
      async (port) => {
        const { frames, error, info } = await captureAll(
          `http://user:secret@localhost:${port}/live/master.m3u8?key=1`,
          { ffmpeg },
        );
        assert.is(error, null);
        assert.is(frames.length, 100);
        assert.match(info?.description ?? "", /^h264, 160x90/);
        assert.is(info?.durationUs, 4_000_000);
        assert.ok(asked.includes("/live/media0.ts"), asked.join());
      },
    );
  },
);

testEach(
  "a playlist of HLS leads to no other host, no file and no further playlist, and to nothing that redirects there",
  async (ffmpeg) => {
    const elsewhere: string[] = [];
    await served(
      ({ url = "" }, response) => {
        elsewhere.push(url);
        response.end(readFileSync(join(folder, "media0.ts")));
      },
      async (other) => {
        const bodies: Readonly<Record<string, string>> = {
          "/absolute.m3u8": listOf(`http://127.0.0.1:${other}/next.ts`),
          "/without-scheme.m3u8": listOf(`//127.0.0.1:${other}/next.ts`),
          "/file.m3u8": listOf(`file://${folder}/media0.ts`),
          "/concat.m3u8": listOf(`concat:http://127.0.0.1:${other}/next.ts`),
          "/map.m3u8": `${HEAD}#EXT-X-MAP:URI="http://127.0.0.1:${other}/next.ts"\n#EXTINF:1,\nmedia0.ts\n#EXT-X-ENDLIST\n`,
          "/key.m3u8": `${HEAD}#EXT-X-KEY:METHOD=AES-128,URI="http://127.0.0.1:${other}/key"\n#EXTINF:1,\nmedia0.ts\n#EXT-X-ENDLIST\n`,
          "/variant.m3u8": `#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n/absolute.m3u8\n`,
          "/nested.m3u8": listOf("nested.ts"),
          "/nested.ts": listOf(`http://127.0.0.1:${other}/next.ts`),
          "/redirected.m3u8": listOf("redirected.ts"),
          "/none.m3u8": "no playlist\n",
        };
        await served(
          ({ url = "" }, response) => {
            if (url === "/redirected.ts")
              response.writeHead(302, { location: `http://127.0.0.1:${other}/next.ts` }).end();
            else response.end(bodies[url] ?? readFileSync(join(folder, "media0.ts")));
          },
          async (port) => {
            for (const path of Object.keys(bodies).filter((name) => name.endsWith(".m3u8"))) {
              const { error, frames } = await captureAll(`http://127.0.0.1:${port}${path}`, { ffmpeg });
              assert.ok(error !== null && frames.length === 0, `${path}: ${frames.length} frames`);
            }
            assert.equal(elsewhere, []);
          },
        );
      },
    );
  },
);

testEach("a recording of HLS of which a segment is missing is source-ended-early", (ffmpeg) =>
  served(
    ({ url = "" }, response) => {
      if (url === "/media2.ts") response.writeHead(404).end();
      else response.end(readFileSync(join(folder, url.slice(1))));
    },
    async (port) => {
      const { error, frames } = await captureAll(`http://127.0.0.1:${port}/media.m3u8`, { ffmpeg });
      assert.is(error?.code, "source-ended-early");
      assert.match(error?.message ?? "", /a part of it is missing, as the server answers 404/);
      assert.ok(frames.length >= 50 && frames.length < 100, `${frames.length} frames`);
    },
  ),
);

test("rewritePlaylist keeps no address of a playlist but its own, whatever the tag", () => {
  const places = new Places("/secret");
  const text = `${HEAD}#EXT-X-SESSION-DATA:URI="http://a/1"\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI="http://a/2"\n#EXT-X-UNKNOWN:"http://a/3"\n# http://a/4\n#EXT-X-MAP:URI="init.mp4",BYTERANGE="10@0"\n#EXTINF:1,\nb/seg 1.m4s?x=1\r\n#EXTINF:1,\nb/seg 1.m4s?x=1\n`;
  const rewritten = rewritePlaylist(text, {
    resolve: (location) => new URL(location, "http://host/live/list.m3u8"),
    place: (place) => places.give(place),
  });
  assert.ok(rewritten.ok);
  assert.is(
    rewritten.text.trim(),
    `${HEAD}#EXT-X-MAP:URI="/secret/1.mp4",BYTERANGE="10@0"\n#EXTINF:1,\n/secret/2.m4s\n#EXTINF:1,\n/secret/2.m4s`,
  );
  assert.is(places.find("/secret/2.m4s")?.url.href, "http://host/live/b/seg%201.m4s?x=1");
  assert.is(places.find("/secret/3.m4s"), null);
});

test.run();
