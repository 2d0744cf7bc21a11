import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HttpsRemote } from '../../lib/remote/https.js';
import { Webdav } from '../peers/webdav.js';
import { remoteContract } from './remote.js';

remoteContract(
  'https on a WebDAV server',
  async ({ stallMs }) => {
    const server = await Webdav.start();
    const { url, username, password, ca } = server;
    return {
      remote: new HttpsRemote({ url, basic: { username, password }, ca, stallMs }),
      read: (key) => readFile(join(server.dir, key)),
      vanish: () => server.pause(),
      reappear: () => server.resume(),
      silence: async () => server.freeze(),
      stop: () => server.stop(),
    };
  },
  { canFallSilent: true, lists: false },
);
