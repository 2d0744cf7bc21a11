import { existsSync } from 'node:fs';
import { PEERS, type Peer } from '../test/peers/peers.js';

const MOTION: Peer = { name: "Debian's motion", file: '/usr/bin/motion', packages: ['motion'] };

const named = (...names: string[]) => PEERS.filter(({ name }) => names.includes(name));

/** What each benchmark runs beside ours, or against. */
const NEEDED: Record<string, readonly Peer[]> = {
  record: named('ffmpeg'),
  motion: [MOTION, ...named('ffmpeg')],
  upload: named('OpenSSH sshd', 'vsftpd', 'rclone', 'lftp', 'curl', 'ip'),
  browse: named('Chromium', "Ceph's radosgw", 'ffmpeg', 'curl', 'ip'),
};

/** Throws with what to do where something is missing. `isThere`: whether a file exists. */
export function requirePeers(bench: string, isThere: (file: string) => boolean = existsSync): void {
  const missing = (NEEDED[bench] ?? []).filter(({ file }) => !isThere(file));
  if (missing.length === 0) return;
  const packages = missing.flatMap((peer) => peer.packages).join(' ');
  throw new Error(
    `${missing.map(({ name }) => name).join(', ')}: not installed\n→ sudo apt-get install --no-install-recommends ${packages}`,
  );
}
