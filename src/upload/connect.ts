import type { Clock } from '../../lib/clock.js';
import { Failure } from '../../lib/errors.js';
import { FolderRemote } from '../../lib/remote/folder.js';
import type { FolderMemory } from '../../lib/remote/folder-marker.js';
import type { Proof, Remote } from '../../lib/remote/remote.js';
import type { HostKeyPolicy } from '../../lib/remote/sftp.js';
import type { OnStage } from '../../lib/remote/stage.js';
import { readCa, readKey, s3Access } from '../config/access.js';
import type { RemoteConfig } from '../config/schema.js';

/** What is kept of first contacts: fingerprints, where the configuration asked for that, and by what a folder is known again. */
export interface PinStore {
  pin(remote: string): string | undefined;
  setPin(remote: string, fingerprint: string): void;
  /** Without, any folder at the path will do. */
  folder?(remote: string, path: string): FolderMemory;
}

type Of<Type extends RemoteConfig['type']> = Extract<RemoteConfig, { type: Type }>;

/**
 * Builds the adapter a remote's configuration asks for, loading what that takes: the SDK of AWS alone is 24 MB. Opens nothing
 * yet. Rejects with a `Failure` for a file that is unusable.
 */
export async function connectRemote(
  name: string,
  config: RemoteConfig,
  pins: PinStore,
  clock: Clock,
  onStage?: OnStage,
): Promise<Remote> {
  switch (config.type) {
    case 'folder':
      return new FolderRemote({ path: config.path, memory: pins.folder?.(name, config.path), clock });
    case 'sftp':
      return await connectSftp(name, config, pins, clock, onStage);
    case 'ftp':
    case 'ftps':
      return await connectFtp(config, clock, onStage);
    case 's3':
      return await connectS3(config);
    case 'https':
      return await connectHttps(config, clock);
  }
}

/** What a remote must show of a copy before the local one may go (invariant I1). */
export function neededProof(config: RemoteConfig): Proof {
  return 'proof' in config ? config.proof : 'size';
}

/** How many files it is sent at once. */
export function parallelOf(config: RemoteConfig): number {
  return 'parallel' in config ? config.parallel : 1;
}

/** Whether password and footage can be read by whoever is on the way; said at each start. */
export function isCleartext(config: RemoteConfig): boolean {
  if (config.type === 'ftp') return true;
  const url = config.type === 'https' ? config.url : config.type === 's3' ? config.endpoint : undefined;
  return url?.startsWith('http:') ?? false;
}

async function connectSftp(
  name: string,
  config: Of<'sftp'>,
  pins: PinStore,
  clock: Clock,
  onStage?: OnStage,
): Promise<Remote> {
  const { SftpRemote } = await import('../../lib/remote/sftp.js');
  const { host, port, username, password, passphrase, root, agent, settle: lateMs } = config;
  return new SftpRemote({
    ...{ host, port, username, password, passphrase, root, lateMs, clock, onStage },
    agent: agent === true ? agentSocket() : agent,
    privateKey: config.key_file === undefined ? undefined : readKey(config.key_file),
    hostKeys: hostKeys(name, config.host_key, pins),
  });
}

async function connectFtp(config: Of<'ftp'> | Of<'ftps'>, clock: Clock, onStage?: OnStage): Promise<Remote> {
  const { FtpRemote } = await import('../../lib/remote/ftps.js');
  const { host, port, username, password, root, parallel, settle: lateMs } = config;
  const tls =
    config.type === 'ftp' ? ('none' as const) : { ca: readCa(config.ca_file), fingerprints: config.certificate };
  // Small files spend most of their time waiting for the next data connection; a server that allows fewer says so.
  const account = { host, port, username, password, root, tls };
  return new FtpRemote({ ...account, connections: 2 * parallel, lateMs, clock, onStage });
}

async function connectS3(config: Of<'s3'>): Promise<Remote> {
  const { S3Remote } = await import('../../lib/remote/s3.js');
  return new S3Remote({ ...s3Access(config), bucket: config.bucket, prefix: config.prefix });
}

async function connectHttps(config: Of<'https'>, clock: Clock): Promise<Remote> {
  const { HttpsRemote } = await import('../../lib/remote/https.js');
  const { url, method, token: bearer, username, password, headers } = config;
  const basic = username !== undefined && password !== undefined ? { username, password } : undefined;
  return new HttpsRemote({ url, method, bearer, basic, headers, ca: readCa(config.ca_file), clock });
}

function hostKeys(name: string, wanted: string[] | 'trust-on-first-use', pins: PinStore): HostKeyPolicy {
  if (wanted !== 'trust-on-first-use') return wanted;
  const pinned = pins.pin(name);
  if (pinned !== undefined) return [pinned];
  return { trustOnFirstUse: (fingerprint) => pins.setPin(name, fingerprint) };
}

function agentSocket(): string {
  const socket = process.env.SSH_AUTH_SOCK;
  if (socket) return socket;
  throw new Failure('There is no SSH agent: SSH_AUTH_SOCK is not set', {
    kind: 'permanent',
    code: 'key-unreadable',
    hint: 'Start one and add the key to it, write the path of its socket as `agent`, or use `key_file`.',
  });
}
