import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FtpRemote } from '../../lib/remote/ftps.js';
import type { FtpServer } from '../peers/ftp-server.js';
import { Proftpd } from '../peers/proftpd.js';
import { Vsftpd } from '../peers/vsftpd.js';
import { type RemoteFactory, remoteContract } from './remote.js';

const on =
  (start: () => Promise<FtpServer>, tls: boolean): RemoteFactory =>
  async ({ stallMs }) => {
    const server = await start();
    const { host, port, username, password, root, ca } = server;
    return {
      remote: new FtpRemote({ host, port, username, password, root, tls: tls ? { ca } : 'none', stallMs }),
      read: (key) => readFile(join(server.dir, key)),
      vanish: () => server.pause(),
      reappear: () => server.resume(),
      silence: () => server.freeze(),
      stop: () => server.stop(),
    };
  };

remoteContract(
  'ftps on vsftpd',
  on(() => Vsftpd.start(), true),
  { canFallSilent: true },
);
remoteContract(
  'ftps on ProFTPD',
  on(() => Proftpd.start(), true),
  { canFallSilent: true },
);
remoteContract(
  'ftp on vsftpd',
  on(() => Vsftpd.start({ tls: false }), false),
  { canFallSilent: true },
);
