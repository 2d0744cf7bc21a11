import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sessionPolicy } from '../../cdk/upload-policy.js';
import { systemClock } from '../../lib/clock.js';
import { FolderStore } from '../../lib/transfer-endpoint/folder-store.js';
import { FtpsEndpoint } from '../../lib/transfer-endpoint/ftps-endpoint.js';
import { generateHostKey } from '../../lib/transfer-endpoint/host-key.js';
import type { IdentityReply } from '../../lib/transfer-endpoint/identity-provider.js';
import { main } from '../../src/cli/program.js';
import { parseAccessSecret, passwordMatches } from '../../src/config/access-secret.js';
import { loadConfig } from '../../src/config/load.js';
import { createAuthority } from '../simulators/certificates.js';
import { AwsError, ScriptedAws } from '../simulators/scripted-aws.js';
import { standIn, watched } from '../simulators/stand-in.js';

const recorder = generateHostKey();
const hostKey = generateHostKey();

let dir: string;
let aws: ScriptedAws;
let config: string;
let hostKeys: { HostKeyId: string; Fingerprint: string; Type: string; DateImported: number }[];
let stacks: Record<string, Record<string, string>>;
const before = { ...process.env };

beforeAll(async () => {
  aws = await ScriptedAws.start({
    DescribeStacks: ({ StackName }) => {
      const outputs = stacks[String(StackName)];
      if (!outputs) throw new AwsError('ValidationError', `Stack with id ${StackName} does not exist`);
      const members = Object.entries(outputs).map(
        ([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`,
      );
      return `<Stacks><member><StackName>${StackName}</StackName><CreationTime>2026-05-03T00:00:00Z</CreationTime><StackStatus>UPDATE_COMPLETE</StackStatus><Outputs>${members.join('')}</Outputs></member></Stacks>`;
    },
    // Two to a page: there is more than one.
    'TransferService.ListHostKeys': ({ NextToken = '0' }) => {
      const from = Number(NextToken);
      const more = from + 2 < hostKeys.length;
      return {
        ServerId: 's-1',
        HostKeys: hostKeys.slice(from, from + 2),
        ...(more && { NextToken: String(from + 2) }),
      };
    },
    'TransferService.ImportHostKey': () => {
      const number = hostKeys.length + 1;
      hostKeys.push({
        HostKeyId: `hostkey-${number}`,
        Fingerprint: `${fingerprint(number)}=`,
        Type: 'ssh-ed25519',
        DateImported: 1_788_000_000 + number,
      });
      return { ServerId: 's-1', HostKeyId: `hostkey-${number}` };
    },
    'TransferService.DeleteHostKey': ({ HostKeyId }) => {
      hostKeys = hostKeys.filter((key) => key.HostKeyId !== HostKeyId);
      return {};
    },
    'TransferService.DescribeServer': () => ({
      Server: { Arn: 'a', State: 'ONLINE', SecurityPolicyName: 'TransferSecurityPolicy-2025-03', UserCount: 1 },
    }),
    'secretsmanager.PutSecretValue': () => ({}),
  });
  Object.assign(process.env, aws.environment);
});

afterAll(async () => {
  await aws.stop();
  process.env = before;
});

const fingerprint = (number: number) => `SHA256:${String(number).repeat(43)}`;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'aws-commands-'));
  config = join(dir, 'nvr-uplink.yaml');
  aws.calls.length = 0;
  hostKeys = [
    {
      HostKeyId: 'hostkey-1',
      Fingerprint: `${hostKey.fingerprint}=`,
      Type: 'ssh-ed25519',
      DateImported: 1_788_000_001,
    },
  ];
  stacks = {
    NvrUplinkArchive: { BucketName: 'archive-1' },
    NvrUplinkTransfer: {
      ServerId: 's-1',
      Host: '127.0.0.1',
      AwsHost: 's-1.server.transfer.eu-west-1.amazonaws.com',
      Protocols: 'sftp',
    },
    NvrUplinkViewer: { ViewerRole: 'arn:aws:iam::123456789012:role/viewer' },
  };
  await writeFile(config, YAML);
});
afterEach(() => rm(dir, { recursive: true }));

const YAML = `# My house.
site: home
cameras:
  gate: { streams: { main: rtsp://127.0.0.1:9/x } }   # the old one
aws:
  transfer: {}
sites:
  home: { keys: [${recorder.publicKey}] }
remotes:
  aws:
    key_file: id_ed25519   # made by hand
`;

async function run(...args: string[]): Promise<{ exit: number; stdout: string; stderr: string }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const outputs = Promise.all([text(stdout), text(stderr)]);
  const { signal } = new AbortController();
  const exit = await main([...args, '-c', config], {
    ...{ env: {}, stdin: Readable.from([]), stdout, stderr, clock: systemClock, signal },
  });
  stdout.end();
  stderr.end();
  const [out, err] = await outputs;
  return { exit, stdout: out, stderr: err };
}

describe('nvr-uplink aws outputs', () => {
  it('says what the recorder has to know, in the words of its configuration', async () => {
    const { exit, stdout } = await run('aws', 'outputs');
    expect(exit).toBe(0);
    expect(stdout).toContain('host: 127.0.0.1');
    expect(stdout).toContain('username: home');
    expect(stdout).toContain(hostKey.fingerprint);
    expect(stdout).toContain('bucket: archive-1');
    expect(stdout).toContain('# viewer    arn:aws:iam::123456789012:role/viewer');
  });

  it('writes it into the configuration, every host key, and touches nothing else', async () => {
    hostKeys.push(
      { HostKeyId: 'hostkey-2', Fingerprint: fingerprint(2), Type: 'ssh-ed25519', DateImported: 1_788_000_002 },
      { HostKeyId: 'hostkey-3', Fingerprint: fingerprint(3), Type: 'ssh-rsa', DateImported: 1_788_000_003 },
    );
    const dry = await run('aws', 'outputs', '--write', '-n');
    expect(dry.stdout).toContain('would change remotes.aws.type, remotes.aws.host');
    expect(await readFile(config, 'utf8')).toBe(YAML);
    expect((await run('aws', 'outputs', '--write')).exit).toBe(0);
    const written = await readFile(config, 'utf8');
    for (const line of YAML.trimEnd().split('\n')) expect(written).toContain(line);
    const { remotes, archive } = loadConfig(config, {}).config;
    expect(remotes.aws).toMatchObject({
      ...{ type: 'sftp', host: '127.0.0.1', username: 'home', key_file: join(dir, 'id_ed25519') },
      host_key: [hostKey.fingerprint, fingerprint(2), fingerprint(3)],
    });
    expect(archive).toMatchObject({ type: 's3', bucket: 'archive-1', region: 'eu-west-1' });
    expect((await run('aws', 'outputs', '--write')).stdout).toContain('says so already');
  });

  it.each([
    ['ftps', 'remotes:\n  aws:\n    password: secret\n', { type: 'ftps', host: '127.0.0.1', username: 'home' }],
    ['s3', '', { type: 's3', bucket: 'archive-1', region: 'eu-west-1' }],
  ])('writes what a recorder over %s takes', async (transport, remotes, written) => {
    const certificate = 'arn:aws:acm:eu-west-1:123456789012:certificate/0a1b2c3d-4e5f-6789-abcd-ef0123456789';
    const endpoint = `transfer: { protocols: [ftps], endpoint: vpc, identity: lambda, hostname: up.example.com, certificate: ${certificate} }`;
    await writeFile(
      config,
      YAML.replace('transfer: {}', endpoint)
        .replace(/keys: \[.*\]/, `transport: ${transport}`)
        .replace(/remotes:[\s\S]*/, remotes),
    );
    expect(await run('aws', 'outputs', '--write')).toMatchObject({ exit: 0, stderr: '' });
    expect(loadConfig(config, {}).config.remotes.aws).toMatchObject(written);
  });

  it('says to deploy first, to sign in first, or which site', async () => {
    stacks = {};
    const missing = await run('aws', 'outputs');
    expect(missing.exit).toBe(1);
    expect(missing.stderr).toContain('There is no stack NvrUplinkArchive yet\n→ Deploy first: npx cdk deploy');
    await writeFile(config, 'aws: {}\nsites: { one: {}, two: {} }\n');
    stacks = { NvrUplinkArchive: { BucketName: 'archive-1' } };
    const which = await run('aws', 'outputs');
    expect([which.exit, which.stderr]).toEqual([2, 'There are 2 sites\n→ Choose one with --site NAME.\n']);
    const whole = aws.script.DescribeStacks!;
    aws.script.DescribeStacks = () => {
      throw new AwsError('ExpiredToken', 'The security token included in the request is expired', 403);
    };
    const expired = await run('aws', 'outputs');
    aws.script.DescribeStacks = whole;
    expect(expired.stderr).toContain('→ Sign in to AWS first');
  });
});

describe('nvr-uplink aws status', () => {
  it('is 0 while all is well, and 3 with what is amiss', async () => {
    const well = await run('aws', 'status');
    expect([well.exit, well.stderr]).toEqual([0, '']);
    expect(well.stdout).toContain('ONLINE, TransferSecurityPolicy-2025-03');
    await writeFile(config, `${YAML}`.replace('transfer: {}', 'transfer: {}\n  alarms: {}'));
    const json = await run('aws', 'status', '--json');
    expect(json.exit).toBe(3);
    expect(JSON.parse(json.stdout).problems).toEqual(['The stack NvrUplinkWatch is missing.']);
  });
});

describe('nvr-uplink aws keys', () => {
  it('rotates with two keys active, and takes the old one off only when told that all have both', async () => {
    const rotated = await run('aws', 'keys', 'rotate');
    expect(rotated.exit).toBe(0);
    expect(rotated.stdout).toContain(hostKey.fingerprint);
    expect(rotated.stdout).toContain(fingerprint(2));
    const [{ HostKeyBody }] = aws.inputsOf('TransferService.ImportHostKey') as [{ HostKeyBody: string }];
    expect(HostKeyBody).toContain('PRIVATE KEY');
    expect(rotated.stdout + rotated.stderr).not.toContain('PRIVATE KEY');
    const again = await run('aws', 'keys', 'rotate');
    expect(again.stderr).toContain('A rotation is under way');
    expect((await run('aws', 'keys', 'rotate', '--finish')).exit).toBe(2);
    expect(hostKeys).toHaveLength(2);
    expect((await run('aws', 'keys', 'rotate', '--finish', '--yes')).stdout).toContain(hostKey.fingerprint);
    expect(hostKeys.map(({ HostKeyId }) => HostKeyId)).toEqual(['hostkey-2']);
    expect((await run('aws', 'keys', 'rotate', '--finish', '--yes')).stderr).toContain('There is no older host key');
  });

  it('imports a key of your own, and nothing that is none', async () => {
    const file = join(dir, 'own');
    await writeFile(file, recorder.privateKey);
    expect((await run('aws', 'keys', 'import', file)).stdout).toContain(`Added ${recorder.fingerprint}`);
    await writeFile(file, 'SECRET rubbish');
    const refused = await run('aws', 'keys', 'import', file);
    expect(refused.exit).toBe(1);
    expect(refused.stderr).not.toContain('SECRET');
    expect(aws.inputsOf('TransferService.ImportHostKey')).toHaveLength(1);
  });

  it('makes a password that is shown once, of which AWS gets the hash that the sign-in checks', async () => {
    expect((await run('aws', 'keys', 'password', 'home')).stderr).toContain('knows no passwords');
    stacks.NvrUplinkTransfer!.PasswordSecrets = 'NvrUplinkTransfer/passwords/';
    expect((await run('aws', 'keys', 'password', 'nobody')).exit).toBe(2);
    const { exit, stdout } = await run('aws', 'keys', 'password', 'home', '--json');
    expect(exit).toBe(0);
    const { password } = JSON.parse(stdout);
    expect(password).toMatch(/^[A-Za-z0-9]{24}$/);
    const [{ SecretId, SecretString }] = aws.inputsOf('secretsmanager.PutSecretValue') as [Record<string, string>];
    expect(SecretId).toBe('NvrUplinkTransfer/passwords/home');
    expect(SecretString).not.toContain(password);
    expect(await passwordMatches(password, parseAccessSecret(SecretString!))).toBe(true);
    expect(await passwordMatches(`${password}x`, parseAccessSecret(SecretString!))).toBe(false);
  });
});

describe('nvr-uplink aws test', () => {
  let endpoint: ReturnType<typeof standIn>;
  let stop: AbortController;
  let running: Promise<void>;
  let mode: 'dropbox' | 'verify' | 'anything';

  beforeEach(async () => {
    mode = 'dropbox';
    const everything = JSON.stringify({ Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }] });
    const ask = async (): Promise<IdentityReply> => ({
      ...{ Role: 'arn:aws:iam::123456789012:role/home', HomeDirectoryType: 'LOGICAL' },
      Policy:
        mode === 'anything' ? everything : sessionPolicy({ bucketArn: 'arn:aws:s3:::archive-1', site: 'home', mode }),
      HomeDirectoryDetails: '[{"Entry":"/home","Target":"/archive-1/home"}]',
      PublicKeys: [recorder.publicKey],
    });
    endpoint = standIn({
      store: await FolderStore.open(join(dir, 'store')),
      hostKey: hostKey.privateKey,
      clock: systemClock,
      identityProvider: { bucket: 'archive-1', ask },
    });
    await endpoint.listen();
    stop = new AbortController();
    running = endpoint.run(stop.signal);
    await writeFile(join(dir, 'id_ed25519'), recorder.privateKey, { mode: 0o600 });
    const storage = `storage: { dir: ${join(dir, 'data')} }\n`;
    await writeFile(config, `${storage}${YAML}    port: ${endpoint.address.port}\n`);
    await run('aws', 'outputs', '--write');
    aws.script.GET = () => versions(2);
  });
  afterEach(async () => {
    stop.abort();
    await running;
  });

  const versions = (count: number) =>
    `<ListVersionsResult><IsTruncated>false</IsTruncated>${'<Version><Key>k</Key><VersionId>v</VersionId></Version>'.repeat(count)}</ListVersionsResult>`;
  const results = async () => {
    const { exit, stdout } = await run('aws', 'test', '--json');
    const { steps } = JSON.parse(stdout) as { steps: { name: string; result: string; detail: string }[] };
    return { exit, steps: Object.fromEntries(steps.map(({ name, result }) => [name, result])) };
  };

  it('uploads as the site does, and is denied what a thief would try', async () => {
    expect(await results()).toEqual({
      exit: 0,
      steps: {
        'pinned host keys': 'ok',
        'sign-in function': 'skipped',
        'write below its own prefix': 'ok',
        'read it back': 'ok',
        'write for another site': 'ok',
        overwrite: 'ok',
      },
    });
    const readable = await run('aws', 'test');
    expect(readable.stdout).toContain('✓ read it back                 is denied');
  });

  it('fails where a put-only user can read', async () => {
    mode = 'verify';
    expect(await results()).toMatchObject({
      exit: 1,
      steps: { 'read it back': 'failed', 'write for another site': 'ok' },
    });
  });

  it('fails where an overwrite loses what was there', async () => {
    aws.script.GET = () => versions(1);
    expect(await results()).toMatchObject({ exit: 1, steps: { overwrite: 'failed' } });
  });

  it('fails where a key is active that is not pinned', async () => {
    hostKeys.push({
      HostKeyId: 'hostkey-2',
      Fingerprint: fingerprint(2),
      Type: 'ssh-ed25519',
      DateImported: 1_788_000_002,
    });
    expect(await results()).toMatchObject({ exit: 1, steps: { 'pinned host keys': 'failed' } });
  });

  it('asks the sign-in function, where one decides', async () => {
    stacks.NvrUplinkTransfer!.PasswordSecrets = 'NvrUplinkTransfer/passwords/';
    aws.script['TransferService.TestIdentityProvider'] = () => ({
      StatusCode: 200,
      Response: '{"Role":"r"}',
      Message: '',
      Url: '',
    });
    expect(await results()).toMatchObject({ exit: 0, steps: { 'sign-in function': 'ok' } });
    aws.script['TransferService.TestIdentityProvider'] = () => ({
      StatusCode: 200,
      Response: '{}',
      Message: '',
      Url: '',
    });
    expect(await results()).toMatchObject({ exit: 1, steps: { 'sign-in function': 'failed' } });
    expect(aws.inputsOf('TransferService.TestIdentityProvider')[0]).toMatchObject({
      ServerId: 's-1',
      UserName: 'home',
    });
  });
});

describe('nvr-uplink aws test over FTPS', () => {
  it.each([
    ['dropbox', 'dropbox', 0, 'ok'],
    ['dropbox', 'verify', 1, 'failed'],
    ['verify', 'verify', 0, 'ok'],
    ['verify', 'dropbox', 1, 'failed'],
  ] as const)('of a site in mode %s that may do what %s says: exit %i', async (configured, granted, exit, readBack) => {
    const authority = createAuthority();
    const endpoint = new FtpsEndpoint({
      onEvent: watched(),
      store: await FolderStore.open(join(dir, 'store')),
      certificate: authority.issue('127.0.0.1'),
      identityProvider: {
        bucket: 'archive-1',
        ask: async ({ password }) =>
          password === 'correct horse'
            ? {
                ...{ Role: 'r', HomeDirectoryType: 'LOGICAL' },
                Policy: sessionPolicy({ bucketArn: 'arn:aws:s3:::archive-1', site: 'home', mode: granted }),
                HomeDirectoryDetails: '[{"Entry":"/home","Target":"/archive-1/home"}]',
              }
            : {},
      },
    });
    await endpoint.listen();
    const stop = new AbortController();
    const running = endpoint.run(stop.signal);
    await writeFile(join(dir, 'ca.pem'), authority.ca);
    const certificate = 'arn:aws:acm:eu-west-1:123456789012:certificate/0a1b2c3d-4e5f-6789-abcd-ef0123456789';
    await writeFile(
      config,
      `site: home
storage: { dir: ${join(dir, 'data')} }
cameras: { gate: { streams: { main: rtsp://127.0.0.1:9/x } } }
remotes:
  aws: { type: ftps, host: 127.0.0.1, port: ${endpoint.address.port}, username: home, password: correct horse, ca_file: ca.pem }
aws:
  transfer: { protocols: [ftps], endpoint: vpc, identity: lambda, hostname: up.example.com, certificate: '${certificate}' }
sites: { home: { transport: ftps, mode: ${configured} } }
`,
    );
    stacks.NvrUplinkTransfer!.PasswordSecrets = 'NvrUplinkTransfer/passwords/';
    aws.script['TransferService.TestIdentityProvider'] = () => ({
      ...{ StatusCode: 200, Response: '{"Role":"r"}', Message: '', Url: '' },
    });
    aws.script.GET = () =>
      `<ListVersionsResult>${'<Version><Key>k</Key><VersionId>v</VersionId></Version>'.repeat(2)}</ListVersionsResult>`;
    const result = await run('aws', 'test', '--json');
    stop.abort();
    await running;
    const { steps } = JSON.parse(result.stdout) as { steps: { name: string; result: string }[] };
    expect(Object.fromEntries(steps.map((step) => [step.name, step.result]))).toEqual({
      'pinned host keys': 'skipped',
      'sign-in function': 'ok',
      'write below its own prefix': 'ok',
      'read it back': readBack,
      'write for another site': 'ok',
      overwrite: 'ok',
    });
    expect(result.exit).toBe(exit);
    // The function was tried with the password of the recorder, which nobody is shown.
    expect(aws.inputsOf('TransferService.TestIdentityProvider')[0]).toMatchObject({ UserPassword: 'correct horse' });
    expect(result.stdout + result.stderr).not.toContain('correct horse');
  });
});

describe('nvr-uplink cost', () => {
  it('shows each way beside the other, from the prices of a day that it names, and asks nobody', async () => {
    const { exit, stdout } = await run('cost', '--mbps', '2');
    expect(exit).toBe(0);
    expect(stdout).toMatch(/US\$ A MONTH\s+SFTP\s+S3/);
    expect(stdout).toMatch(/Transfer Family, endpoint\s+219\.00\s+0\.00/);
    expect(stdout).toMatch(/Prices of us-east-1 on \d{4}-\d\d-\d\d/);
    expect(aws.calls).toEqual([]);
  });

  it('takes what is asked over what is configured, as JSON too', async () => {
    const { stdout } = await run('cost', '--json', '--cameras', '8', '--retention', '90d', '--transport', 's3');
    const { input, estimates } = JSON.parse(stdout);
    expect(input).toMatchObject({ cameras: 8, mbps: 2, retentionDays: 90, segmentSeconds: 300 });
    expect(estimates).toHaveLength(1);
    expect(estimates[0]).toMatchObject({ transport: 's3', lines: expect.any(Array) });
  });

  it.each([
    ['--cameras', 'many'],
    ['--cameras', '0'],
    ['--mbps', '-1'],
    ['--retention', '30'],
    ['--transport', 'pigeon'],
  ])('says what is wrong with %s %s', async (option, value) => {
    const { exit, stderr } = await run('cost', option, value);
    expect(exit).toBe(2);
    expect(stderr).toContain(`${option} ${value}`);
    expect(stderr).toContain('→ ');
  });
});
