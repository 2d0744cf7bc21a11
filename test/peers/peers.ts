import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** A program nobody here wrote that the tests talk to, and the Debian packages that bring it. */
export interface Peer {
  name: string;
  /** Present when this file exists. */
  file: string;
  packages: string[];
}

const TRIPLET = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';

export const PEERS: Peer[] = [
  { name: 'ffmpeg', file: '/usr/bin/ffmpeg', packages: ['ffmpeg'] },
  { name: 'OpenSSH sshd', file: '/usr/sbin/sshd', packages: ['openssh-server', 'openssh-client'] },
  {
    name: "GStreamer's RTSP server",
    file: `/usr/lib/${TRIPLET}/girepository-1.0/GstRtspServer-1.0.typelib`,
    packages: [
      'gir1.2-gst-rtsp-server-1.0',
      'python3-gi',
      'gstreamer1.0-plugins-base',
      'gstreamer1.0-plugins-good',
      'gstreamer1.0-plugins-bad',
    ],
  },
  { name: 'Chromium', file: '/usr/bin/chromium', packages: ['chromium', 'fonts-dejavu-core'] },
  { name: "Ceph's radosgw", file: '/usr/bin/radosgw', packages: ['radosgw', 'ceph-mon', 'ceph-osd'] },
  { name: 'onvif-util', file: '/usr/bin/onvif-util', packages: ['onvif-tools'] },
];

export function missingPeers(): Peer[] {
  return PEERS.filter((peer) => !existsSync(peer.file));
}

/** Whether this user may install Debian packages here. */
export function mayInstall(): boolean {
  return process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
}

export function install(peers: readonly Peer[]): void {
  const packages = peers.flatMap((peer) => peer.packages);
  const options = { stdio: 'inherit', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } } as const;
  execFileSync('apt-get', ['update', '-qq'], options);
  execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], options);
}
