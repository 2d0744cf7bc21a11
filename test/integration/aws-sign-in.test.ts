import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SignInEvent } from '../../cdk/handlers/sign-in.js';
import { sessionPolicy } from '../../cdk/upload-policy.js';
import { systemClock } from '../../lib/clock.js';
import type { EndpointEvent } from '../../lib/transfer-endpoint/events.js';
import { FolderStore } from '../../lib/transfer-endpoint/folder-store.js';
import { generateHostKey } from '../../lib/transfer-endpoint/host-key.js';
import type { IdentityProviderOptions } from '../../lib/transfer-endpoint/identity-provider.js';
import { TransferEndpoint } from '../../lib/transfer-endpoint/transfer-endpoint.js';
import { BUCKET, DeployedSignIn } from '../simulators/deployed-sign-in.js';
import { RawSftp } from '../simulators/raw-sftp.js';
import { AwsError } from '../simulators/scripted-aws.js';

/** The deployed function answers real SSH sign-ins. */

const PASSWORD = 'correct horse battery';
const shop = generateHostKey();
const stranger = generateHostKey();

const YAML = `
aws: { transfer: { endpoint: vpc, identity: lambda, sftp_sign_in: either } }
sites:
  shop: { keys: [${shop.publicKey}] }
  bank: { keys: [${stranger.publicKey}], allow: [203.0.113.0/24, '2001:db8::/32'] }
  kiosk: { allow: [127.0.0.0/8], mode: verify }
`;

let signIn: DeployedSignIn;
const logged: string[] = [];

beforeAll(async () => {
  vi.spyOn(console, 'log').mockImplementation((line: string) => void logged.push(line));
  signIn = await DeployedSignIn.start(YAML);
  for (const site of ['kiosk', 'bank']) await signIn.setPassword(site, PASSWORD);
});
afterAll(() => signIn.stop());

describe('the endpoint with the deployed sign-in', () => {
  let dir: string;
  let stop: AbortController;
  let running: Promise<void>;
  let endpoint: TransferEndpoint;
  const events: EndpointEvent[] = [];
  const clients: ssh2.Client[] = [];

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'sign-in-'));
    for (const list of [signIn.asked, events, clients, logged]) list.length = 0;
  });
  afterEach(async () => {
    for (const client of clients) client.destroy();
    stop.abort();
    await running;
    await rm(dir, { recursive: true });
    // Whatever happened: no log line holds a password.
    expect(logged.join()).not.toContain(PASSWORD);
    expect(JSON.stringify(events)).not.toContain(PASSWORD);
  });

  async function start(methods?: IdentityProviderOptions['methods']): Promise<void> {
    endpoint = new TransferEndpoint({
      store: await FolderStore.open(dir),
      hostKey: generateHostKey().privateKey,
      clock: systemClock,
      onEvent: (event) => events.push(event),
      identityProvider: {
        bucket: BUCKET,
        methods,
        ask: signIn.ask,
      },
    });
    await endpoint.listen();
    stop = new AbortController();
    running = endpoint.run(stop.signal);
  }

  function connect(username: string, credentials: ssh2.ConnectConfig): Promise<ssh2.Client> {
    const client = new ssh2.Client();
    clients.push(client);
    return new Promise((resolve, reject) => {
      client.on('ready', () => resolve(client));
      client.on('error', reject);
      client.connect({ ...endpoint.address, username, hostVerifier: () => true, ...credentials });
    });
  }

  const REFUSED = 'All configured authentication methods failed';
  const outcomes = () => logged.map((line) => JSON.parse(line).outcome);

  it('lets a site in with its key, and asks in the words of Transfer Family', async () => {
    await start();
    await connect('shop', { privateKey: shop.privateKey });
    expect(signIn.asked[0]).toEqual({
      ...{ username: 'shop', password: '', protocol: 'SFTP' },
      ...{ serverId: 's-0123456789abcdef0', sourceIp: '127.0.0.1' },
    });
    expect(await signIn.lambda.handler(signIn.asked[0]!)).toEqual({
      Role: expect.stringMatching(/^arn:aws:iam::123456789012:role\/SignInRoleshop/),
      Policy: expect.any(String),
      HomeDirectoryType: 'LOGICAL',
      HomeDirectoryDetails: '[{"Entry":"/shop","Target":"/archive-1/shop"}]',
      PublicKeys: [shop.publicKey],
    });
  });

  it('lets a site in with its password, and then names no keys', async () => {
    await start();
    await connect('kiosk', { password: PASSWORD });
    expect(signIn.asked.at(-1)).toMatchObject({ username: 'kiosk', password: PASSWORD });
    expect(await signIn.lambda.handler(signIn.asked.at(-1)!)).not.toHaveProperty('PublicKeys');
    expect(outcomes()).toContain('password');
  });

  it.each([
    ['a wrong password', 'kiosk', { password: 'wrong' }, 'wrong-password'],
    ['an unknown user', 'nobody', { password: PASSWORD }, 'unknown-user'],
    ['a name that would lead elsewhere', '../kiosk', { password: PASSWORD }, 'unknown-user'],
    ['a site without a password', 'shop', { password: PASSWORD }, 'no-password'],
    ['the right password from the wrong address', 'bank', { password: PASSWORD }, 'wrong-address'],
    ['the right key from the wrong address', 'bank', { privateKey: stranger.privateKey }, 'wrong-address'],
    ['a key of another site', 'shop', { privateKey: stranger.privateKey }, 'keys'],
    ['a key where there is none', 'kiosk', { privateKey: shop.privateKey }, 'no-key'],
    ['an unknown user with a key', 'nobody', { privateKey: shop.privateKey }, 'unknown-user'],
    // Indistinguishable from a key for the function; its answer then names keys, which ends a password sign-in.
    ['an empty password', 'shop', { password: '' }, 'keys'],
  ] as const)('refuses %s', async (_, user, credentials, outcome) => {
    await start();
    await expect(connect(user, credentials)).rejects.toThrow(REFUSED);
    expect(events.map(({ type }) => type)).not.toContain('signed-in');
    expect(outcomes()).toContain(outcome);
  });

  it('asks for both proofs where both are wanted', async () => {
    await signIn.setPassword('shop', PASSWORD);
    try {
      await start('PUBLIC_KEY_AND_PASSWORD');
      await expect(connect('shop', { privateKey: shop.privateKey })).rejects.toThrow(REFUSED);
      await expect(connect('shop', { password: PASSWORD })).rejects.toThrow(REFUSED);
      await connect('shop', { privateKey: shop.privateKey, password: PASSWORD });
    } finally {
      signIn.secrets.delete('NvrUplinkTransfer/passwords/shop');
    }
  });

  it('offers no passwords where keys are the only way', async () => {
    await start('PUBLIC_KEY');
    await expect(connect('kiosk', { password: PASSWORD })).rejects.toThrow(REFUSED);
    expect(signIn.asked).toEqual([]);
  });

  it('refuses while the parameters cannot be read, and says why in its log', async () => {
    await start();
    const whole = signIn.aws.script['AmazonSSM.GetParameter']!;
    signIn.aws.script['AmazonSSM.GetParameter'] = () => {
      throw new AwsError('AccessDeniedException', 'not allowed');
    };
    try {
      await expect(connect('kiosk', { password: PASSWORD })).rejects.toThrow(REFUSED);
      expect(events).toContainEqual({ type: 'identity-provider-failed', user: 'kiosk', reason: 'not allowed' });
    } finally {
      signIn.aws.script['AmazonSSM.GetParameter'] = whole;
    }
  });

  it('keeps who signed in below the root and within the rights of the answer', async () => {
    await start();
    const sftp = await RawSftp.on(await connect('shop', { privateKey: shop.privateKey }));
    const path = 'shop/gate/2026/05/03/gate_20260503T021000Z_continuous.mp4';
    const handle = await sftp.open(path);
    await sftp.write(handle, 0, 'footage');
    await sftp.close(handle);
    expect(await readFile(join(dir, path), 'utf8')).toBe('footage');
    const names = await sftp.list('shop/gate/2026/05/03');
    expect(names).toEqual(['gate_20260503T021000Z_continuous.mp4']);
    expect(await sftp.list('/')).toEqual(['shop']);
    for (const outside of ['x.mp4', 'bank/x.mp4', 'shopping/x.mp4', 'shop/../bank/x.mp4']) {
      await expect(sftp.open(outside)).rejects.toThrow('Permission denied');
    }
    await expect(sftp.stat(path)).rejects.toThrow('Permission denied');
    await expect(sftp.open(path, ssh2.utils.sftp.OPEN_MODE.READ)).rejects.toThrow('Permission denied');
    await expect(sftp.unlink(path)).rejects.toThrow('Permission denied');
  });

  it('lets a site in mode `verify` read back what it sent', async () => {
    await start();
    const sftp = await RawSftp.on(await connect('kiosk', { password: PASSWORD }));
    const handle = await sftp.open('kiosk/a.mp4');
    await sftp.write(handle, 0, 'footage');
    await sftp.close(handle);
    expect((await sftp.stat('kiosk/a.mp4')).size).toBe(7);
    await expect(sftp.unlink('kiosk/a.mp4')).rejects.toThrow('Permission denied');
  });
});

describe('the answers themselves', () => {
  const ask = (event: Partial<SignInEvent>) =>
    signIn.lambda.handler({
      ...{ username: 'kiosk', password: PASSWORD, protocol: 'FTPS', serverId: 's-1', sourceIp: '127.0.0.1' },
      ...event,
    });

  it('to FTPS: a password counts, and none at all never does, key or no key', async () => {
    expect(await ask({})).toHaveProperty('Role');
    expect(await ask({ password: '' })).toEqual({});
    expect(await ask({ username: 'shop', password: undefined })).toEqual({});
  });

  it.each([
    ['203.0.113.9', true],
    ['203.0.114.1', false],
    ['2001:db8::7', true],
    ['2001:db9::7', false],
    ['', false],
    ['203.0.113.9, 10.0.0.1', false],
  ])('from %j to bank: %s', async (sourceIp, arrives) => {
    expect('Role' in (await ask({ username: 'bank', sourceIp }))).toBe(arrives);
  });

  it('fit into what AWS takes for a session policy, however long the names', async () => {
    const { Policy } = (await ask({})) as { Policy: string };
    const longest = sessionPolicy({
      ...{ bucketArn: `arn:aws-us-gov:s3:::${'b'.repeat(63)}`, site: 's'.repeat(63), mode: 'verify' },
      keyArn: `arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/${'k'.repeat(36)}`,
    });
    expect(longest.length).toBeLessThanOrEqual(2_048);
    expect(Policy.length).toBeLessThanOrEqual(2_048);
    const actions = JSON.parse(Policy).Statement.flatMap(({ Action }: { Action: string[] }) => Action);
    expect(actions.filter((action: string) => /Delete|Bypass|\*|Acl|Put(?!Object$)/.test(action))).toEqual([]);
  });

  it('take as long for a name that is none as for a wrong password', async () => {
    const time = async (event: Partial<SignInEvent>) => {
      const start = performance.now();
      await ask(event);
      return performance.now() - start;
    };
    const wrong: number[] = [];
    const unknown: number[] = [];
    for (let round = 0; round < 5; round++) {
      wrong.push(await time({ password: 'wrong' }));
      unknown.push(await time({ username: 'nobody', password: 'wrong' }));
    }
    const best = (times: number[]) => Math.min(...times);
    // The hash is nearly all of it: without it, an unknown name would be answered many times sooner.
    expect(best(unknown)).toBeGreaterThan(best(wrong) / 3);
  });
});
