import type { ParsedKey } from 'ssh2';
import type SftpClient from 'ssh2-sftp-client';
import { keepLimits } from './sftp-limits.js';

type Sign = (data: Buffer, done: (signature: Buffer) => void) => void;

/** What is used here of ssh2's inside; `test/unit/sftp-shortcuts.test.ts` notices when that changes. */
interface Internals {
  _protocol?: {
    authPK?(username: string, key: ParsedKey, algorithm?: string, sign?: Sign): void;
    subsystem?(id: number, name: string, wantReply: boolean): void;
  };
  _chanMgr?: { _channels?: Record<number, Channel | (() => void) | undefined> };
}

interface Channel {
  outgoing?: { id: number };
  /** Sends INIT, once. */
  _init?(): void;
  _extensions?: Record<string, string>;
}

/** How RSA signs, by the name of the algorithm; other keys know but one way. */
const HASHES: Record<string, string> = { 'rsa-sha2-256': 'sha256', 'rsa-sha2-512': 'sha512' };

/**
 * ssh2 asks one thing at a time, and on a long line each question costs the way there and back. Three are not waited for: whether
 * our key would be welcome (it signs at once, as paramiko does), whether SFTP may begin (INIT goes with the request, as from
 * OpenSSH's own client), and how much OpenSSH takes at once, which is asked beside the first file (`sftp-limits.ts`).
 * To be called right after `connect`. Of an ssh2 that looks different inside, nothing is touched: then it is slower.
 */
export function takeShortcuts(client: SftpClient, keys: readonly ParsedKey[]): void {
  const ssh = (client as unknown as { client: Internals }).client;
  const protocol = ssh._protocol;
  if (!protocol?.authPK || !protocol.subsystem) return;
  const authPK = protocol.authPK.bind(protocol);
  protocol.authPK = (username, key, algorithm, sign) => {
    const isOurs = sign === undefined && keys.includes(key);
    const ask = () => authPK(username, key, algorithm);
    authPK(username, key, algorithm, isOurs ? signer(key, algorithm, ask) : sign);
  };
  const subsystem = protocol.subsystem.bind(protocol);
  protocol.subsystem = (id, name, wantReply) => {
    subsystem(id, name, wantReply);
    if (name === 'sftp') begin(Object.values(ssh._chanMgr?._channels ?? {}).find((one) => isChannel(one, id)));
  };
}

/** A key that cannot sign this way is asked for after all, and ssh2 says what is wrong. */
function signer(key: ParsedKey, algorithm: string | undefined, ask: () => void): Sign {
  return (data, done) => {
    const signature: Buffer | Error = key.sign(data, HASHES[algorithm ?? '']);
    if (signature instanceof Error) ask();
    else done(signature);
  };
}

function isChannel(one: Channel | (() => void) | undefined, id: number): one is Channel {
  return typeof one === 'object' && one.outgoing?.id === id;
}

function begin(channel: Channel | undefined): void {
  if (!channel?._init) return;
  let extensions = channel._extensions;
  Object.defineProperty(channel, '_extensions', {
    get: () => extensions,
    set: (offered: Record<string, string>) => {
      keepLimits(channel, offered);
      extensions = offered;
    },
  });
  channel._init();
}
