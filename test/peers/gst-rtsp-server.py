"""Serves one MP4 (AAC) or MOV (G.711) file once over RTSP with GStreamer's RTSP server: a peer nobody here wrote.

usage: gst-rtsp-server.py FILE [USER PASSWORD [PEM]]; prints the port it listens on. Path: /clip
PEM: certificate and key; it then speaks TLS alone.
"""
import sys
import gi
gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer

Gst.init(None)
file, credentials = sys.argv[1], sys.argv[2:4]
sound = "rtppcmupay name=pay1 pt=0" if file.endswith(".mov") else "aacparse ! rtpmp4gpay name=pay1 pt=97"
factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch(
    f'( filesrc location="{file}" ! qtdemux name=d '
    "d.video_0 ! queue ! h264parse config-interval=-1 ! rtph264pay name=pay0 pt=96 "
    f"d.audio_0 ! queue ! {sound} )"
)
factory.set_shared(False)
server = GstRtspServer.RTSPServer.new()
server.set_address("127.0.0.1")
server.set_service("0")
if credentials:
    auth = GstRtspServer.RTSPAuth.new()
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "user")
    auth.add_digest(credentials[0], credentials[1], token)
    if len(sys.argv) > 4:
        auth.set_tls_certificate(Gio.TlsCertificate.new_from_file(sys.argv[4]))
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role("user", "media.factory.access", True)
    permissions.add_permission_for_role("user", "media.factory.construct", True)
    factory.set_permissions(permissions)
server.get_mount_points().add_factory("/clip", factory)
server.attach(None)
print(server.get_bound_port(), flush=True)
GLib.MainLoop().run()
