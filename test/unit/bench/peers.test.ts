import { expect, it } from 'vitest';
import { requirePeers } from '../../../bench/peers.js';

const without = (bench: string, ...files: string[]) =>
  expect(() => requirePeers(bench, (file) => !files.includes(file)), bench);

it('names the peers a benchmark lacks, and the line that brings them', () => {
  without('motion', '/usr/bin/motion').toThrow(
    "Debian's motion: not installed\n→ sudo apt-get install --no-install-recommends motion",
  );
  without('upload', '/usr/bin/lftp', '/usr/bin/rclone').toThrow(/recommends rclone lftp$/);
  without('motion').not.toThrow();
});

it('knows the peers of every benchmark by the names the tests have for them', () => {
  const everything = (bench: string) => expect(() => requirePeers(bench, () => false), bench);
  for (const bench of ['record', 'motion', 'browse']) everything(bench).toThrow(/apt-get install .*ffmpeg/);
  everything('upload').toThrow(/openssh-server .*vsftpd .*rclone .*lftp .*curl .*iproute2/);
});
