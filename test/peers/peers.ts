import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** A program nobody here wrote that the tests talk to, and the Debian packages that bring it. */
export interface Peer {
  name: string;
  /** Present when this file exists. */
  file: string;
  packages: string[];
  /** Only unpacked, below this folder: for a package that Debian does not let be installed beside another peer's. */
  unpackedIn?: string;
}

/** Debian's ProFTPD, unpacked: it conflicts with vsftpd. */
export const PROFTPD_DIR = join(homedir(), '.cache/nvr-uplink-peers/proftpd');

const TRIPLET = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';

/** Loaded into programs that are to see another time. */
export const FAKETIME = `/usr/lib/${TRIPLET}/faketime/libfaketimeMT.so.1`;

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
  { name: 'vsftpd', file: '/usr/sbin/vsftpd', packages: ['vsftpd'] },
  {
    name: 'ProFTPD',
    file: join(PROFTPD_DIR, 'usr/sbin/proftpd'),
    packages: [
      ...['proftpd-core', 'proftpd-mod-crypto', 'libhiredis0.14', 'libmemcached11', 'libmemcachedutil2'],
      ...['libhashkit2', 'libpcre2-posix3'],
    ],
    unpackedIn: PROFTPD_DIR,
  },
  { name: 'rclone', file: '/usr/bin/rclone', packages: ['rclone'] },
  { name: 'lftp', file: '/usr/bin/lftp', packages: ['lftp'] },
  { name: 'curl', file: '/usr/bin/curl', packages: ['curl'] },
  { name: 'ip', file: '/bin/ip', packages: ['iproute2'] },
  { name: 'strace', file: '/usr/bin/strace', packages: ['strace'] },
  { name: 'libfaketime', file: FAKETIME, packages: ['libfaketime'] },
  { name: 'openssl', file: '/usr/bin/openssl', packages: ['openssl'] },
  { name: 'Mosquitto', file: '/usr/sbin/mosquitto', packages: ['mosquitto'] },
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
  const packages = peers.filter((peer) => !peer.unpackedIn).flatMap((peer) => peer.packages);
  const options = { stdio: 'inherit', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } } as const;
  execFileSync('apt-get', ['update', '-qq'], options);
  execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], options);
  for (const peer of peers) if (peer.unpackedIn) unpack(peer.packages, peer.unpackedIn);
}

/** Beside its place and then renamed, so that one that was interrupted is not taken for whole. */
function unpack(packages: readonly string[], folder: string): void {
  const aside = `${folder}.${process.pid}`;
  mkdirSync(aside, { recursive: true });
  execFileSync('apt-get', ['download', '-qq', '-o', 'APT::Sandbox::User=root', ...packages], {
    cwd: aside,
    stdio: 'inherit',
  });
  for (const file of readdirSync(aside).filter((name) => name.endsWith('.deb'))) {
    execFileSync('dpkg', ['-x', join(aside, file), aside]);
    rmSync(join(aside, file));
  }
  rmSync(folder, { recursive: true, force: true });
  renameSync(aside, folder);
}
