import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { type Clock, systemClock } from '../../lib/clock.js';
import type { EndpointBehaviour } from '../../lib/transfer-endpoint/behaviour.js';
import type { EndpointEvent } from '../../lib/transfer-endpoint/events.js';
import { EndpointFaults } from '../../lib/transfer-endpoint/faults.js';
import { FolderStore } from '../../lib/transfer-endpoint/folder-store.js';
import { generateHostKey } from '../../lib/transfer-endpoint/host-key.js';
import type { ObjectStore } from '../../lib/transfer-endpoint/object-store.js';
import { TransferEndpoint } from '../../lib/transfer-endpoint/transfer-endpoint.js';
import type { EndpointUser } from '../../lib/transfer-endpoint/users.js';
import { RawSftp } from './raw-sftp.js';

export const PASSWORD = 'correct horse';

export interface EndpointUnderTestOptions {
  behaviour?: Partial<EndpointBehaviour>;
  clock?: Clock;
  wrap?: (store: ObjectStore) => ObjectStore;
}

/** A running endpoint over a new folder, with a user `site` who may verify and a user `drop` who may only put. */
export class EndpointUnderTest {
  readonly #stop = new AbortController();
  readonly #clients: ssh2.Client[] = [];
  #running: Promise<void> = Promise.resolve();

  private constructor(
    readonly dir: string,
    /** Private key of both users. */
    readonly privateKey: string,
    readonly store: ObjectStore,
    readonly endpoint: TransferEndpoint,
    readonly faults: EndpointFaults,
    readonly events: readonly EndpointEvent[],
  ) {}

  static async start(options: EndpointUnderTestOptions = {}): Promise<EndpointUnderTest> {
    const dir = await mkdtemp(join(tmpdir(), 'endpoint-'));
    const { privateKey, publicKey } = generateHostKey();
    const folder = await FolderStore.open(join(dir, 'store'));
    const store = options.wrap?.(folder) ?? folder;
    const users: EndpointUser[] = [
      {
        name: 'site',
        password: PASSWORD,
        publicKeys: [generateHostKey().publicKey, publicKey],
        root: 'site-a',
        mode: 'verify',
      },
      { name: 'drop', password: PASSWORD, publicKeys: [publicKey], root: 'site-b/cameras', mode: 'dropbox' },
      { name: 'whole', password: PASSWORD, root: '', mode: 'verify' },
    ];
    const events: EndpointEvent[] = [];
    const faults = new EndpointFaults();
    const endpoint = new TransferEndpoint({
      store,
      users,
      hostKey: generateHostKey().privateKey,
      clock: options.clock ?? systemClock,
      onEvent: (event) => events.push(event),
      faults,
      behaviour: options.behaviour,
    });
    const under = new EndpointUnderTest(dir, privateKey, store, endpoint, faults, events);
    await endpoint.listen();
    under.#running = endpoint.run(under.#stop.signal);
    return under;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async remove(): Promise<void> {
    for (const client of this.#clients) client.end();
    await this.stop();
    await rm(this.dir, { recursive: true });
  }

  /** What lies at a key of the store; undefined if nothing. */
  async stored(key: string): Promise<Buffer | undefined> {
    return (await this.store.head(key)) && (await readFile(join(this.dir, 'store', key)));
  }

  get violations(): string[] {
    return this.events.flatMap((event) => (event.type === 'violation' ? [event.violation] : []));
  }

  /** Resolves with the first event, past or to come, of this type. */
  async event<Type extends EndpointEvent['type']>(type: Type): Promise<Extract<EndpointEvent, { type: Type }>> {
    let found: EndpointEvent | undefined;
    await until(() => {
      found = this.events.find((event) => event.type === type);
      return found !== undefined;
    });
    return found as Extract<EndpointEvent, { type: Type }>;
  }

  connect(username: string, credentials: ssh2.ConnectConfig = { password: PASSWORD }): Promise<ssh2.Client> {
    const { host, port } = this.endpoint.address;
    const client = new ssh2.Client();
    this.#clients.push(client);
    return new Promise((resolve, reject) => {
      client.on('ready', () => resolve(client.setNoDelay(true)));
      // Later ones have no effect: tests cut connections on purpose.
      client.on('error', reject);
      client.on('close', () => reject(new Error('closed before it was ready')));
      const hostVerifier = (key: Buffer) => key.length > 0;
      client.connect({ host, port, username, hostVerifier, ...credentials });
    });
  }

  /** One SFTP channel on a connection of its own. */
  async session(username = 'site'): Promise<RawSftp> {
    return RawSftp.on(await this.connect(username));
  }

  /** Runs OpenSSH's own client with a batch of commands. Its exit status is a result, not an error. */
  async openssh(user: string, ...commands: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const { host, port } = this.endpoint.address;
    const key = join(this.dir, 'user-key');
    const batch = join(this.dir, 'batch');
    const known = join(this.dir, 'known_hosts');
    await writeFile(key, this.privateKey, { mode: 0o600 });
    await writeFile(batch, `${commands.join('\n')}\n`);
    const ssh = { BatchMode: 'yes', IdentitiesOnly: 'yes', StrictHostKeyChecking: 'no', UserKnownHostsFile: known };
    const settings = Object.entries(ssh).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
    const args = ['-F', 'none', '-q', ...settings, '-i', key, '-P', String(port), '-b', batch, `${user}@${host}`];
    return new Promise((resolve) => {
      execFile('sftp', args, (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), stdout, stderr }));
    });
  }
}

/** Polls for something that is to come true; the test's own timeout ends it. */
export async function until(come: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await come())) await systemClock.sleep(10);
}
