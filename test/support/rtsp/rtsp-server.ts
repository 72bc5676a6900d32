/** A real RTSP server, of GStreamer, in a process of its own, with cameras that do as they are told. */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { within } from "../within.js";

/** How a server asks for the password; an `open` one does not. */
type Access = "open" | "basic" | "digest";

export interface CameraOptions {
  readonly codec: "h264" | "h265";
  /** Streams by Annex B with a delimiter before each picture; the first one is played, over and over. */
  readonly clips: readonly string[];
  /** Pictures a second. */
  readonly fps: number;
  /** It sends by UDP, and by nothing else. Default: by TCP and by nothing else. */
  readonly udp?: boolean;
}

/** What a camera may be told to do, from now on. */
interface Orders {
  /** It keeps the connection and sends nothing. */
  readonly silent?: boolean;
  /** Spoils each third picture and loses each tenth packet. */
  readonly damaged?: boolean;
  /** Is added to its times. */
  readonly shiftS?: number;
  /** Goes on with another clip. */
  readonly clip?: number;
  /** Sends so many pictures a second. */
  readonly fps?: number;
}

export interface RtspServer {
  /** Of a camera, with the name and password where it wants them. */
  address(access: Access, path: string, password?: string): string;
  tell(path: string, orders: Orders): void;
  /** By SIGKILL. Resolves once it is gone. */
  kill(): Promise<void>;
  /** Starts it again, at the same ports and as it was at first. */
  restart(): Promise<void>;
}

const SCRIPT = fileURLToPath(new URL("../../../../test/support/rtsp/rtsp-server.py", import.meta.url));
/** That of the system, which has the bindings of the system's packages. */
const PYTHON = "/usr/bin/python3";
const USER = "viewer";
const PASSWORD = "p@ss/word";

const NEEDED = `import gi
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gst, GstRtspServer
Gst.init(None)
assert all(Gst.ElementFactory.find(name) for name in ("appsrc", "rtph264pay", "rtph265pay", "rtpbin"))`;

/** Why there is none on this machine; null where there is. */
export function rtspServerMissing(): string | null {
  const { status } = spawnSync(PYTHON, ["-c", NEEDED], { stdio: "ignore" });
  return status === 0
    ? null
    : "there is no RTSP server of GStreamer: install gstreamer1.0-plugins-good, gir1.2-gst-rtsp-server-1.0 and python3-gi";
}

export async function startRtspServer(cameras: Readonly<Record<string, CameraOptions>>): Promise<RtspServer> {
  let ports: Readonly<Record<Access, number>> = { open: 0, basic: 0, digest: 0 };
  let child: ChildProcess;
  const start = async (): Promise<void> => {
    const wanted = JSON.stringify({ ports, user: USER, password: PASSWORD, cameras });
    child = spawn(PYTHON, [SCRIPT, wanted], { stdio: ["pipe", "pipe", "inherit"] });
    process.once("exit", () => child.kill("SIGKILL"));
    const { stdout } = child;
    if (stdout === null) throw new Error("The server has no output");
    const first = new Promise<string>((resolve, reject) => {
      createInterface({ input: stdout }).once("line", resolve);
      child.once("exit", (code) => reject(new Error(`The RTSP server ended with ${code ?? "a signal"}`)));
    });
    ({ ports } = JSON.parse(await within(20_000, first, "the RTSP server")) as { ports: typeof ports });
  };
  await start();
  return {
    address(access, path, password = PASSWORD) {
      const who = access === "open" ? "" : `${USER}:${encodeURIComponent(password)}@`;
      return `rtsp://${who}127.0.0.1:${ports[access]}${path}`;
    },
    tell: (path, orders) => void child.stdin?.write(`${JSON.stringify({ camera: path, ...orders })}\n`),
    async kill() {
      const gone = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await gone;
    },
    restart: start,
  };
}
