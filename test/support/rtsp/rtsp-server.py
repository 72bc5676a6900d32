"""
A real RTSP server, of GStreamer, with a camera at each of its paths that does as it is told.

Argument: {"ports": {"open": 0, "basic": 0, "digest": 0}, "user": "u", "password": "p",
           "cameras": {"/PATH": {"codec": "h264" | "h265", "clips": [FILE, ...], "fps": 10, "udp": false}}}
A port of 0 is any free one. A clip is a stream by Annex B with a delimiter before each picture, and is sent over and over.
Standard output, a line each: {"ports": {...}} once it listens; {"playing": "/PATH"} with each client that plays.
Standard input, a line each: {"camera": "/PATH", ...} with any of
  "silent": true       sends no picture, and keeps the connection with its reports
  "damaged": true      spoils each third picture and loses each tenth packet
  "shiftS": SECONDS    adds to the times from now on
  "clip": INDEX        goes on with another clip
  "fps": RATE          sends so many a second; the times are those of sending
It ends with its standard input.
"""

import json
import os
import random
import re
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

# A delimiter (H.264 7.3.2.4: type 9; H.265 7.3.2.5: type 35) begins each picture.
DELIMITER = {"h264": rb"(?=\x00\x00\x00\x01\x09)", "h265": rb"(?=\x00\x00\x00\x01\x46\x01)"}

# A picture of H.264 that needs no other one (type 5).
SLICE = re.compile(rb"\x00\x00\x01[\x25\x45\x65]")


def say(**what):
    print(json.dumps(what), flush=True)


def pictures_of(path, codec):
    with open(path, "rb") as clip:
        return [picture for picture in re.split(DELIMITER[codec], clip.read()) if picture]


class Camera:
    def __init__(self, path, codec, clips, fps, udp=False):
        self.path = path
        self.codec = codec
        self.clips = [pictures_of(clip, codec) for clip in clips]
        self.fps = fps
        self.udp = udp
        self.clip = 0
        self.silent = False
        self.damaged = False
        self.shiftS = 0
        self.chance = random.Random(1)

    def told(self, **what):
        for name, value in what.items():
            setattr(self, name, value)

    def factory(self):
        factory = GstRtspServer.RTSPMediaFactory()
        pay = f"rtp{self.codec}pay name=pay0 pt=96 config-interval=-1 mtu=400"
        factory.set_launch(f"( appsrc name=pictures is-live=true format=time ! {pay} )")
        lower = GstRtsp.RTSPLowerTrans
        factory.set_protocols(lower.UDP if self.udp else lower.TCP)
        factory.connect("media-configure", lambda _, media: Feed(self, media))
        return factory


class Feed:
    """The pictures of one client."""

    def __init__(self, camera, media):
        self.camera = camera
        self.at = (0, 0)
        self.timeS = 0
        self.over = False
        element = media.get_element()
        self.source = element.get_by_name("pictures")
        caps = f"video/x-{camera.codec},stream-format=byte-stream,alignment=au"
        self.source.set_property("caps", Gst.Caps.from_string(caps))
        pad = element.get_by_name("pay0").get_static_pad("src")
        pad.add_probe(Gst.PadProbeType.BUFFER | Gst.PadProbeType.BUFFER_LIST, self.passes)
        media.connect("unprepared", self.end)
        media.connect("new-state", self.changed)
        # What is pushed before it asks is thrown away. It asks in a thread of its own.
        self.asked = self.source.connect("need-data", lambda *_: GLib.idle_add(self.begin))

    def begin(self):
        if self.asked is not None:
            self.source.disconnect(self.asked)
            self.asked = None
            self.send()
        return False

    def end(self, _):
        self.over = True

    def changed(self, media, state):
        # A picture is sent when it is here, whatever its time says.
        sinks = media.get_element().get_parent().iterate_sinks()
        while (found := sinks.next())[0] == Gst.IteratorResult.OK:
            found[1].set_property("sync", False)
        if state == int(Gst.State.PLAYING):
            say(playing=self.camera.path)

    def passes(self, _pad, _info):
        camera = self.camera
        lost = camera.damaged and camera.chance.random() < 0.1
        return Gst.PadProbeReturn.DROP if lost else Gst.PadProbeReturn.OK

    def send(self):
        if self.over:
            return False
        camera = self.camera
        GLib.timeout_add(round(1000 / camera.fps), self.send)
        if camera.silent and self.timeS > 0:
            return False
        clip, number = self.at
        if clip != camera.clip:
            clip, number = camera.clip, 0
        pictures = camera.clips[clip]
        data = bytearray(pictures[number % len(pictures)])
        if camera.damaged and number % 3 == 1:
            for _ in range(8):
                data[camera.chance.randrange(len(data) // 2, len(data))] = camera.chance.randrange(256)
        if camera.silent:
            # Without its parameters nobody could be told of the stream.
            data = SLICE.split(data)[0]
        buffer = Gst.Buffer.new_wrapped(bytes(data))
        buffer.pts = int(max(0, self.timeS + camera.shiftS) * Gst.SECOND)
        self.source.emit("push-buffer", buffer)
        self.at = (clip, number + 1)
        self.timeS += 1 / camera.fps
        return False


def serve(kind, port, cameras, user, password):
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(str(port))
    if kind != "open":
        auth = GstRtspServer.RTSPAuth()
        token = GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", "viewer")
        if kind == "basic":
            auth.set_supported_methods(GstRtsp.RTSPAuthMethod.BASIC)
            auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
        else:
            auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
            auth.add_digest(user, password, token)
        server.set_auth(auth)
    for camera in cameras.values():
        factory = camera.factory()
        if kind != "open":
            rights = [f"media.factory.{right}=(boolean)true" for right in ("access", "construct")]
            factory.add_role_from_structure(Gst.Structure.from_string(f"viewer,{','.join(rights)}")[0])
        server.get_mount_points().add_factory(camera.path, factory)
    if server.attach(None) == 0:
        raise SystemExit(f"Cannot listen at port {port}")
    return server


def main():
    wanted = json.loads(sys.argv[1])
    Gst.init(None)
    cameras = {path: Camera(path, **camera) for path, camera in wanted["cameras"].items()}
    user, password = wanted["user"], wanted["password"]
    servers = {kind: serve(kind, port, cameras, user, password) for kind, port in wanted["ports"].items()}
    loop = GLib.MainLoop()

    told = bytearray()

    def read(descriptor, _condition):
        some = os.read(descriptor, 65536)
        if not some:
            loop.quit()
            return False
        told.extend(some)
        *lines, rest = told.split(b"\n")
        told[:] = rest
        for line in lines:
            orders = json.loads(line)
            cameras[orders.pop("camera")].told(**orders)
        return True

    GLib.io_add_watch(sys.stdin.fileno(), GLib.PRIORITY_DEFAULT, GLib.IO_IN | GLib.IO_HUP, read)
    say(ports={kind: server.get_bound_port() for kind, server in servers.items()})
    loop.run()


main()
