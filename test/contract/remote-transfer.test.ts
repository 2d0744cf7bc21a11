import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../lib/clock.js';
import { SftpRemote } from '../../lib/remote/sftp.js';
import { EndpointFaults } from '../../lib/transfer-endpoint/faults.js';
import { FolderStore } from '../../lib/transfer-endpoint/folder-store.js';
import { generateHostKey } from '../../lib/transfer-endpoint/host-key.js';
import { standIn } from '../simulators/stand-in.js';
import { remoteContract } from './remote.js';

const username = 'home';
const password = 'correct horse';

remoteContract(
  'sftp on the Transfer stand-in',
  async ({ stallMs }) => {
    const root = await mkdtemp(join(tmpdir(), 'transfer-'));
    const store = await FolderStore.open(root);
    const { privateKey: hostKey, fingerprint } = generateHostKey();
    const users = [{ name: username, password, root: '', mode: 'verify' as const }];
    const faults = new EndpointFaults();
    const start = async (port: number) => {
      const endpoint = standIn({ store, users, hostKey, port, clock: systemClock, faults });
      await endpoint.listen();
      const stop = new AbortController();
      const running = endpoint.run(stop.signal);
      const end = () => {
        stop.abort();
        return running;
      };
      return { port: endpoint.address.port, stop: end };
    };
    let endpoint = await start(0);
    const { port } = endpoint;
    return {
      remote: new SftpRemote({ host: '127.0.0.1', port, username, password, hostKeys: [fingerprint], stallMs }),
      read: (key) => readFile(join(root, key)),
      vanish: () => endpoint.stop(),
      reappear: async () => {
        endpoint = await start(port);
      },
      silence: async () => faults.set({ silent: true }),
      stop: async () => {
        await endpoint.stop();
        await rm(root, { recursive: true, force: true });
      },
    };
  },
  { canFallSilent: true, removes: false },
);
