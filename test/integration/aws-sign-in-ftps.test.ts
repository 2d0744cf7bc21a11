import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'basic-ftp';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { FtpRemote } from '../../lib/remote/ftps.js';
import type { EndpointEvent } from '../../lib/transfer-endpoint/events.js';
import { FolderStore } from '../../lib/transfer-endpoint/folder-store.js';
import { FtpsEndpoint } from '../../lib/transfer-endpoint/ftps-endpoint.js';
import { createAuthority } from '../simulators/certificates.js';
import { BUCKET, DeployedSignIn } from '../simulators/deployed-sign-in.js';

/** The deployed function answers real FTPS sign-ins: of our own uploader, and of clients that others wrote. */

const run = promisify(execFile);
const PASSWORD = 'correct horse battery';
const KEY = 'gate/2026/05/03/gate_20260503T021000Z_continuous.mp4';
const authority = createAuthority();
const certificate = authority.issue('127.0.0.1');
const { signal } = new AbortController();

const YAML = `
aws:
  transfer:
    protocols: [sftp, ftps]
    endpoint: vpc
    identity: lambda
    hostname: up.example.com
    certificate: arn:aws:acm:eu-west-1:123456789012:certificate/0a1b2c3d-4e5f-6789-abcd-ef0123456789
sites:
  shop: { transport: ftps }
  bank: { transport: ftps, allow: [203.0.113.0/24] }
  kiosk: { transport: ftps, mode: verify, allow: [127.0.0.0/8] }
  empty: { transport: ftps }
`;

let signIn: DeployedSignIn;
const logged: string[] = [];
beforeAll(async () => {
  vi.spyOn(console, 'log').mockImplementation((line: string) => void logged.push(line));
  signIn = await DeployedSignIn.start(YAML);
  for (const site of ['shop', 'bank', 'kiosk']) await signIn.setPassword(site, PASSWORD);
});
afterAll(() => signIn.stop());

let dir: string;
let file: string;
let endpoint: FtpsEndpoint;
let stop: AbortController;
let running: Promise<void>;
const events: EndpointEvent[] = [];
const remotes: FtpRemote[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ftps-'));
  file = join(dir, 'clip.mp4');
  await writeFile(file, Buffer.alloc(3_000_000, 'footage '));
  for (const list of [events, remotes, logged, signIn.asked]) list.length = 0;
  endpoint = new FtpsEndpoint({
    store: await FolderStore.open(join(dir, 'store')),
    certificate,
    identityProvider: { bucket: BUCKET, ask: signIn.ask },
    onEvent: (event) => events.push(event),
  });
  await endpoint.listen();
  stop = new AbortController();
  running = endpoint.run(stop.signal);
});
afterEach(async () => {
  await Promise.all(remotes.map((remote) => remote.close()));
  stop.abort();
  await running;
  await rm(dir, { recursive: true });
  expect(logged.join() + JSON.stringify(events)).not.toContain(PASSWORD);
});

function remote(username: string, password = PASSWORD): FtpRemote {
  const made = new FtpRemote({ ...endpoint.address, username, password, tls: { ca: authority.ca } });
  remotes.push(made);
  return made;
}

const stored = (path: string) => readFile(join(dir, 'store', path));
/** Whether the whole file lies there. */
const isStored = async (path: string) => (await stored(path)).equals(await readFile(file));

describe('our own uploader over FTPS', () => {
  it('is let in with the password of its site, and asked about in the words of Transfer Family', async () => {
    await remote('shop').put(`shop/${KEY}`, file, signal);
    expect(await isStored(`shop/${KEY}`)).toBe(true);
    expect(signIn.asked[0]).toEqual({
      ...{ username: 'shop', password: PASSWORD, protocol: 'FTPS' },
      ...{ serverId: 's-0123456789abcdef0', sourceIp: '127.0.0.1' },
    });
    expect(await signIn.lambda.handler(signIn.asked[0]!)).toEqual({
      Role: expect.stringContaining(':role/SignInRoleshop'),
      Policy: expect.any(String),
      HomeDirectoryType: 'LOGICAL',
      HomeDirectoryDetails: '[{"Entry":"/shop","Target":"/archive-1/shop"}]',
    });
    expect(events).toContainEqual({ type: 'uploaded', user: 'shop', key: `shop/${KEY}`, bytes: 3_000_000 });
  });

  it.each([
    ['a wrong password', 'shop', 'wrong', 'wrong-password'],
    ['an unknown user', 'nobody', PASSWORD, 'unknown-user'],
    ['the wrong address', 'bank', PASSWORD, 'wrong-address'],
    ['a site whose password was never set', 'empty', PASSWORD, 'no-password'],
  ])('is refused with %s', async (_, user, password, outcome) => {
    const put = remote(user, password).put(`${user}/${KEY}`, file, signal);
    await expect(put).rejects.toMatchObject({ code: 'sign-in-refused' });
    expect(logged.map((line) => JSON.parse(line).outcome)).toContain(outcome);
    expect(events.map(({ type }) => type)).not.toContain('signed-in');
  });

  it("cannot put into another site's folder, nor read its own back", async () => {
    const shop = remote('shop');
    await expect(shop.put(`kiosk/${KEY}`, file, signal)).rejects.toMatchObject({ code: 'permission-denied' });
    await expect(stored(`kiosk/${KEY}`)).rejects.toThrow('ENOENT');
    const receipt = await shop.put(`shop/${KEY}`, file, signal);
    // Its size was found in a listing: looking at the object itself is denied.
    expect(receipt).toMatchObject({ proven: 'size', provenBy: 'list' });
    const kiosk = await remote('kiosk').put(`kiosk/${KEY}`, file, signal);
    expect(kiosk).toMatchObject({ proven: 'size', provenBy: 'stat' });
  });
});

describe('the endpoint itself', () => {
  const connected = async (secureOptions: object = { ca: authority.ca }) => {
    const client = new Client();
    const { host, port } = endpoint.address;
    await client.access({ host, port, user: 'shop', password: PASSWORD, secure: true, secureOptions });
    return client;
  };

  it('takes no command, and no password, in the clear', async () => {
    const client = new Client();
    const { host, port } = endpoint.address;
    await expect(client.access({ host, port, user: 'shop', password: PASSWORD })).rejects.toThrow('534');
    client.close();
    expect(signIn.asked).toEqual([]);
  });

  it('refuses a data connection that does not resume the session of the control connection', async () => {
    const client = await connected();
    // What a client without resumption does.
    client.ftp.tlsSessionStore = undefined;
    Object.defineProperty(client.ftp, 'tlsSessionStore', { get: () => undefined, set: () => undefined });
    const { socket } = client.ftp as unknown as { socket: { getSession: () => unknown } };
    socket.getSession = () => undefined;
    await expect(client.uploadFrom(file, '/shop/clip.mp4')).rejects.toThrow();
    client.close();
    await expect(stored('shop/clip.mp4')).rejects.toThrow('ENOENT');
  });

  it('deletes, renames, appends and resumes nothing', async () => {
    const client = await connected();
    await client.uploadFrom(file, '/shop/clip.mp4');
    for (const command of ['DELE /shop/clip.mp4', 'RNFR /shop/clip.mp4', 'APPE /shop/clip.mp4', 'REST 5', 'PROT C']) {
      await expect(client.send(command)).rejects.toThrow(/^5/);
    }
    client.close();
    expect(await isStored('shop/clip.mp4')).toBe(true);
  });

  it('ends with a client that left in the middle of asking for a data connection', async () => {
    const client = await connected();
    await client.send('EPSV');
    // Nobody ever connects to it.
    const waiting = client.send('STOR /shop/never.mp4');
    expect((await waiting).code).toBe(150);
    client.close();
    stop.abort();
    await running;
    expect(events).toContainEqual({ type: 'disconnected', user: 'shop', reason: 'client' });
  });

  it('publishes what arrived of an upload that was cut off', async () => {
    const client = await connected();
    const uploading = client.uploadFrom(join('/dev', 'zero'), '/shop/endless.mp4');
    uploading.catch(() => undefined);
    await vi.waitFor(() => expect(client.ftp.dataSocket?.bytesWritten ?? 0).toBeGreaterThan(1_000_000), 30_000);
    (client.ftp.dataSocket as unknown as { destroy(): void }).destroy();
    await expect(uploading).rejects.toThrow();
    await vi.waitFor(async () => expect(await readdir(join(dir, 'store', 'shop'))).toContain('endless.mp4'), 30_000);
    client.close();
  });
});

describe('a client that nobody here wrote', () => {
  it('rclone uploads a file into the folder of its site', async () => {
    // Debian's takes no authority for FTPS; who the server is, is not what is tried here.
    const { stdout: obscured } = await run('rclone', ['obscure', PASSWORD]);
    const { host, port } = endpoint.address;
    const remoteOptions = `host=${host},port=${port},user=shop,pass=${obscured.trim()},explicit_tls=true,no_check_certificate=true`;
    const options = ['--ftp-disable-mlsd', '--no-check-dest', '--ignore-checksum', '--config', '/dev/null'];
    await run('rclone', ['copyto', file, `:ftp,${remoteOptions}:shop/rclone.mp4`, ...options, '--retries', '1']);
    expect(await isStored('shop/rclone.mp4')).toBe(true);
  });
});
