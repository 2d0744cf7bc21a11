import type { Socket } from 'node:net';
import ssh2, { type Algorithms, type AnyAuthMethod, type ParsedKey } from 'ssh2';
import SftpClient from 'ssh2-sftp-client';
import { Failure } from '../errors.js';
import type { Attempt } from './attempt.js';
import { fingerprintOf, type HostKeys } from './host-key.js';
import { TodaysAgent } from './sftp-agent.js';
import type { Dialled, SftpEndpoint } from './sftp-dial.js';
import { dialFailure } from './sftp-failures.js';
import { takeShortcuts } from './sftp-shortcuts.js';
import type { OnStage } from './stage.js';

/**
 * Today's algorithms only: no SHA-1, no `ssh-rsa` signatures, no CBC, no chacha20 (Terrapin; and slower here than AES-GCM).
 * Both OpenSSH ≥ 7.2 and the Transfer Family policies since 2018-11 offer a match for each line.
 */
const ALGORITHMS: Algorithms = {
  kex: [
    'curve25519-sha256',
    'curve25519-sha256@libssh.org',
    'ecdh-sha2-nistp256',
    'ecdh-sha2-nistp384',
    'ecdh-sha2-nistp521',
    'diffie-hellman-group16-sha512',
    'diffie-hellman-group18-sha512',
  ],
  serverHostKey: [
    'ssh-ed25519',
    'ecdsa-sha2-nistp256',
    'ecdsa-sha2-nistp384',
    'ecdsa-sha2-nistp521',
    'rsa-sha2-512',
    'rsa-sha2-256',
  ],
  cipher: ['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com', 'aes128-ctr', 'aes256-ctr'],
  hmac: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'hmac-sha2-256', 'hmac-sha2-512'],
  compress: ['none'],
};

const KEEPALIVE_MS = 10_000;

/**
 * Verifies the host, signs in and opens the SFTP channel, on a socket that is connected or will be. Rejects as `dial` does; what
 * becomes of the socket then is the caller's.
 */
export async function signIn(
  socket: Socket,
  endpoint: SftpEndpoint,
  { name, hostKeys, attempt, onStage }: { name: string; hostKeys: HostKeys; attempt: Attempt; onStage: OnStage },
): Promise<Dialled> {
  const methods = signInMethods(endpoint);
  const keys = methods.flatMap((method) => (method.type === 'publickey' ? [method.key as ParsedKey] : []));
  // Without callbacks of our own the library prints to the console.
  const client = new SftpClient('upload', {});
  // Its promises carry a rewritten message; the first event says what happened.
  let firstError: Error | undefined;
  client.on('error', (error: Error) => {
    // An agent that is not there is one way to sign in less; what becomes of the sign-in is what counts.
    if ((error as { level?: string }).level !== 'agent') firstError ??= error;
  });
  let refused: string | undefined;
  try {
    const connecting = client.connect({
      sock: socket,
      username: endpoint.username,
      algorithms: ALGORITHMS,
      // The caller's deadline also covers what ssh2's own does not: opening the channel after signing in.
      readyTimeout: 0,
      keepaliveInterval: KEEPALIVE_MS,
      hostVerifier: (key: Buffer): boolean => {
        const fingerprint = fingerprintOf(key);
        const accepted = hostKeys.accepts(fingerprint) === true;
        if (!accepted) refused = fingerprint;
        else onStage('identity', fingerprint);
        return accepted;
      },
      // In this order and without ssh2's `none` probe, which costs a round trip.
      authHandler: (_left, _partial, next) => offer(next, methods.shift()),
    });
    takeShortcuts(client, keys);
    const channel = await attempt.race(connecting);
    await attempt.race(hostKeys.pinned());
    onStage('sign-in', endpoint.username);
    allowOverlap(client);
    return { client, channel, socket };
  } catch (error) {
    if (refused) throw hostKeys.refusal(name, refused);
    throw error instanceof Failure ? error : dialFailure(name, firstError ?? error);
  }
}

/** The typings miss `false`, which ends the sign-in. */
function offer(next: (method: AnyAuthMethod) => void, method: AnyAuthMethod | undefined): void {
  next(method ?? (false as unknown as AnyAuthMethod));
}

/** A key first, then the password: a server may ask for both in that order. */
function signInMethods({ username, password, privateKey, passphrase, agent }: SftpEndpoint): AnyAuthMethod[] {
  const methods: AnyAuthMethod[] = [];
  if (privateKey !== undefined) methods.push({ type: 'publickey', username, key: readKey(privateKey, passphrase) });
  if (agent !== undefined) methods.push({ type: 'agent', username, agent: new TodaysAgent(agent) });
  if (password !== undefined) methods.push({ type: 'password', username, password });
  return methods;
}

function readKey(text: string | Buffer, passphrase: string | undefined): ParsedKey {
  const parsed: ParsedKey | ParsedKey[] | Error = ssh2.utils.parseKey(text, passphrase);
  const key = Array.isArray(parsed) ? (parsed as ParsedKey[])[0] : parsed;
  if (key instanceof Error || !key?.isPrivateKey()) {
    throw new Failure('The private key cannot be read', {
      kind: 'permanent',
      code: 'key-unreadable',
      hint: 'It must be a private key in OpenSSH or PEM format; check the file and its passphrase.',
    });
  }
  return key.type === 'ssh-rsa' ? withoutSha1(key) : key;
}

/** ssh2 falls back to a SHA-1 signature where the server names no signature algorithms (no EXT_INFO). */
function withoutSha1(key: ParsedKey): ParsedKey {
  const sign = key.sign.bind(key);
  key.sign = (data, algo) => {
    if (algo !== 'sha256' && algo !== 'sha512') return new Error('SHA-1 signatures are refused') as unknown as Buffer;
    return sign(data, algo);
  };
  return key;
}

/** Each of its calls adds three listeners to one emitter; overlapping ones are no leak. */
function allowOverlap(client: SftpClient): void {
  (client as unknown as { client: NodeJS.EventEmitter }).client.setMaxListeners(0);
}
