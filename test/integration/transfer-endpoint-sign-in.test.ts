import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.js';
import { FolderStore } from '../../lib/transfer-endpoint/folder-store.js';
import { generateHostKey, hostKeyFingerprint } from '../../lib/transfer-endpoint/host-key.js';
import { TransferEndpoint } from '../../lib/transfer-endpoint/transfer-endpoint.js';
import {
  EndpointUnderTest,
  type EndpointUnderTestOptions,
  PASSWORD,
  until,
} from '../simulators/endpoint-under-test.js';
import { FakeClock } from '../simulators/fake-clock.js';
import { RawSftp } from '../simulators/raw-sftp.js';

let under: EndpointUnderTest;

afterEach(() => under.remove());

async function start(options?: EndpointUnderTestOptions): Promise<void> {
  under = await EndpointUnderTest.start(options);
}

const REFUSED = 'All configured authentication methods failed';

describe('the greeting', () => {
  it('does not say OpenSSH', async () => {
    await start();
    const { host, port } = under.endpoint.address;
    const socket = connect(port, host);
    const [greeting] = await once(socket, 'data');
    expect(String(greeting)).toBe('SSH-2.0-AWS_SFTP_1.1\r\n');
    socket.destroy();
  });

  it('shows the host key whose fingerprint the endpoint tells', async () => {
    await start();
    const known = join(under.dir, 'known_hosts');
    await under.openssh('site', 'pwd');
    const printed = execFileSync('ssh-keygen', ['-l', '-f', known], { encoding: 'utf8' });
    expect(printed.split(' ')[1]).toBe(under.endpoint.fingerprint);
    expect(under.endpoint.fingerprint).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
  });

  it('has a new key for each that is generated, readable by OpenSSH', async () => {
    await start();
    const keys = Array.from({ length: 1_000 }, () => generateHostKey());
    expect(new Set(keys.map((key) => key.fingerprint)).size).toBe(1_000);
    for (const key of keys) expect(hostKeyFingerprint(key.publicKey)).toBe(key.fingerprint);
    const file = join(under.dir, 'generated');
    await writeFile(file, keys[0]!.privateKey, { mode: 0o600 });
    const line = execFileSync('ssh-keygen', ['-y', '-f', file], { encoding: 'utf8' });
    expect(hostKeyFingerprint(line)).toBe(keys[0]!.fingerprint);
  });
});

describe('signing in', () => {
  it('takes the password, or the key', async () => {
    await start();
    await under.connect('site');
    await under.connect('drop', { privateKey: under.privateKey });
    // The second of two keys.
    await under.connect('site', { privateKey: under.privateKey });
    expect(under.events).toEqual([
      { type: 'signed-in', user: 'site', method: 'password' },
      { type: 'signed-in', user: 'drop', method: 'publickey' },
      { type: 'signed-in', user: 'site', method: 'publickey' },
    ]);
  });

  it.each([
    ['a wrong password', 'site', { password: 'wrong' }],
    ['no password', 'site', { password: '' }],
    ['an unknown user', 'nobody', { password: PASSWORD }],
    ['a name of the language itself', '__proto__', { password: PASSWORD }],
    ['a strange key', 'site', { privateKey: generateHostKey().privateKey }],
    ['the key of another user', 'whole', { privateKey: 'own' }],
  ])('refuses %s', async (_, user, credentials) => {
    await start();
    const given = 'privateKey' in credentials && credentials.privateKey === 'own' ? under.privateKey : undefined;
    await expect(under.connect(user, given ? { privateKey: given } : credentials)).rejects.toThrow(REFUSED);
    expect(under.events.map((event) => event.type)).toContain('sign-in-refused');
    expect(under.events.map((event) => event.type)).not.toContain('signed-in');
    expect(JSON.stringify(under.events)).not.toContain(PASSWORD);
  });

  it('refuses a public key whose owner does not sign', async () => {
    await start();
    const agent = new Pretender(under.privateKey);
    await expect(under.connect('site', { agent })).rejects.toThrow(REFUSED);
    expect(agent.asked).toBe(1);
    expect(under.events).not.toContainEqual(expect.objectContaining({ type: 'signed-in' }));
  });

  it('ends the connection after six refusals', async () => {
    await start();
    let tries = 0;
    const authHandler: ssh2.AuthHandlerMiddleware = (_methods, _partial, next) => {
      tries++;
      next({ type: 'password', username: 'site', password: tries < 7 ? `guess ${tries}` : PASSWORD });
    };
    await expect(under.connect('site', { authHandler })).rejects.toThrow();
    expect(await under.event('disconnected')).toMatchObject({ reason: 'too-many-attempts' });
    expect(under.events.map((event) => event.type)).not.toContain('signed-in');
  });

  it('serves nothing but SFTP, and nothing before it', async () => {
    await start();
    const client = await under.connect('site');
    await expect(new Promise((_, reject) => client.exec('id', (error) => reject(error)))).rejects.toThrow();
    await expect(new Promise((_, reject) => client.forwardOut('', 0, '127.0.0.1', 22, reject))).rejects.toThrow();
    // Still usable.
    expect(await (await RawSftp.on(client)).realpath('.')).toBe('/');
  });
});

describe('time', () => {
  it('ends a connection without a request, and no sooner', async () => {
    const clock = new FakeClock();
    await start({ clock });
    const client = await under.connect('site');
    const sftp = await RawSftp.on(client);
    const handle = await sftp.open('clip.mp4');
    const closed = once(client, 'close');
    await clock.advance(1_799_000);
    await sftp.write(handle, 0, 'x');
    await clock.advance(1_799_000);
    expect(under.events).not.toContainEqual(expect.objectContaining({ type: 'disconnected' }));
    await sftp.write(handle, 1, 'y');
    await clock.advance(1_800_000);
    await closed;
    expect(await under.event('disconnected')).toEqual({ type: 'disconnected', user: 'site', reason: 'idle' });
    expect(await under.stored('site-a/clip.mp4')).toEqual(Buffer.from('xy'));
  });

  it('does not count a request that waits for its answer as idling', async () => {
    const clock = new FakeClock();
    await start({ clock });
    const sftp = await under.session();
    const handle = await sftp.open('clip.mp4');
    under.faults.set({ holdClose: true });
    const closed = sftp.close(handle);
    await under.event('uploaded');
    await clock.advance(4_000_000);
    under.faults.set({});
    await closed;
  });

  it.each([
    ['says nothing', ''],
    ['greets and stops', 'SSH-2.0-scanner\r\n'],
  ])('ends a connection that %s', async (_, greeting) => {
    const clock = new FakeClock();
    await start({ clock });
    const { host, port } = under.endpoint.address;
    const socket = connect(port, host);
    socket.write(greeting);
    await once(socket, 'data');
    await until(() => clock.sleeping > 0);
    const closed = once(socket.resume(), 'close');
    await clock.advance(60_000);
    await clock.advance(60_000);
    await closed;
  });
});

describe('a service', () => {
  it('binds on listen, serves on run, and is gone when run resolves', async () => {
    await start();
    const store = await FolderStore.open(join(under.dir, 'second'));
    const options = { store, users: [], hostKey: generateHostKey().privateKey, clock: systemClock };
    const endpoint = new TransferEndpoint(options);
    expect(() => endpoint.address).toThrow();
    await endpoint.listen();
    const { host, port } = endpoint.address;
    const socket = connect(port, host);
    await once(socket, 'connect');
    // Another endpoint has time to greet and more.
    await under.connect('site');
    expect(socket.bytesRead).toBe(0);
    const stop = new AbortController();
    const running = endpoint.run(stop.signal);
    await once(socket, 'data');
    const closed = once(socket, 'close');
    stop.abort();
    await Promise.all([running, closed]);
    const late = connect(port, host);
    await expect(once(late, 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('does not wait for a peer that never hangs up', async () => {
    await start();
    const { host, port } = under.endpoint.address;
    const sock = connect({ host, port, allowHalfOpen: true });
    await under.connect('site', { password: PASSWORD, sock });
    sock.pause();
    await under.stop();
  });

  it('tells when its address is taken, or its key is none', async () => {
    await start();
    const { port } = under.endpoint.address;
    const options = { store: under.store, users: [], hostKey: generateHostKey().privateKey, clock: systemClock };
    const second = new TransferEndpoint({ ...options, port });
    await expect(second.run(new AbortController().signal)).rejects.toMatchObject({ code: 'cannot-listen' });
    expect(() => new TransferEndpoint({ ...options, hostKey: 'rubbish' })).toThrow('The host key cannot be read');
    const user = { name: 'u', publicKeys: ['rubbish'], root: '', mode: 'verify' } as const;
    expect(() => new TransferEndpoint({ ...options, users: [user] })).toThrow('A public key of u cannot be read');
    const astray = { name: 'u', root: '../elsewhere', mode: 'verify' } as const;
    expect(() => new TransferEndpoint({ ...options, users: [astray] })).toThrow('contains "." or ".."');
  });
});

/** Knows a public key but not its secret: signs with another. */
class Pretender extends ssh2.BaseAgent<ssh2.ParsedKey> {
  asked = 0;
  readonly #shown: ssh2.ParsedKey;
  readonly #own = parsed(generateHostKey().privateKey);

  constructor(privateKey: string) {
    super();
    this.#shown = parsed(privateKey);
  }

  getIdentities(done: (error: undefined, keys: ssh2.ParsedKey[]) => void): void {
    done(undefined, [this.#shown]);
  }

  sign(...args: unknown[]): void {
    this.asked++;
    const done = args.findLast((arg) => typeof arg === 'function') as (error: undefined, signature: Buffer) => void;
    done(undefined, this.#own.sign(args[1] as Buffer));
  }
}

function parsed(key: string): ssh2.ParsedKey {
  const result = ssh2.utils.parseKey(key);
  if (result instanceof Error) throw result;
  return result;
}
