import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import ssh2, { type PublicKeyAuthContext } from 'ssh2';
import { afterEach, describe, expect, it } from 'vitest';
import { fingerprintOf } from '../../lib/remote/host-key.js';
import { generateKeyPair } from '../../lib/remote/key-pair.js';
import { SftpRemote } from '../../lib/remote/sftp.js';

const host = generateKeyPair();
const servers: ssh2.Server[] = [];
const remotes: SftpRemote[] = [];

afterEach(async () => {
  for (const remote of remotes.splice(0)) await remote.close();
  for (const server of servers.splice(0)) server.close();
});

interface Seen {
  /** Of each attempt to sign in: the method, and for a key whether it was signed for. */
  signIns: string[];
  /** Packets of the SFTP channel in the order they came, by the protocol's numbers; 0 stands for the request to begin. */
  packets: number[];
}

/** A server that calls itself OpenSSH and offers its limits, seen from below SFTP. */
async function serve(isWelcome: (context: PublicKeyAuthContext) => boolean) {
  const seen: Seen = { signIns: [], packets: [] };
  const server = new ssh2.Server({ hostKeys: [host.private], ident: 'OpenSSH_9.9' }, (connection) => {
    connection.on('error', () => undefined);
    connection.on('authentication', (context) => {
      const isSigned = context.method === 'publickey' && context.signature !== undefined;
      seen.signIns.push(context.method === 'publickey' ? (isSigned ? 'signed' : 'asked') : context.method);
      if (context.method === 'publickey' && isWelcome(context)) context.accept();
      else if (context.method === 'password' && context.password === 'secret') context.accept();
      else context.reject(['publickey', 'password']);
    });
    connection.on('session', (accept) => {
      accept().on('subsystem', (acceptSubsystem) => {
        seen.packets.push(0);
        const begin = holdReplies(connection);
        const channel = acceptSubsystem();
        const held: Buffer[] = [];
        channel.on('data', (data: Buffer) => {
          for (let at = 0; at < data.length; at += 4 + data.readUInt32BE(at)) {
            const type = data[at + 4]!;
            seen.packets.push(type);
            begin();
            const answer = type === INIT ? VERSION : noSuchFile(data.readUInt32BE(at + 5));
            // What it takes is not said before it is asked for something else.
            if (type === EXTENDED) held.push(answer);
            else for (const one of [...held.splice(0), answer]) channel.write(one);
          }
        });
      });
    });
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { seen, port: (server.address() as AddressInfo).port };
}

/** That the request was granted is said only once the function returned here is called. */
function holdReplies(connection: ssh2.Connection): () => void {
  const protocol = (connection as unknown as { _protocol: { channelSuccess(id: number): void } })._protocol;
  const say = protocol.channelSuccess.bind(protocol);
  const held: number[] = [];
  protocol.channelSuccess = (id) => held.push(id);
  return () => {
    for (const id of held.splice(0)) say(id);
  };
}

const [INIT, STAT, EXTENDED] = [1, 17, 200];
const text = (value: string) => {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};
const packet = (...parts: Buffer[]) => {
  const body = Buffer.concat(parts);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
};
const VERSION = packet(Buffer.from([2, 0, 0, 0, 3]), text('limits@openssh.com'), text('1'));
const noSuchFile = (id: number) => {
  const numbers = Buffer.alloc(9);
  numbers[0] = 101;
  numbers.writeUInt32BE(id, 1);
  numbers.writeUInt32BE(2, 5);
  return packet(numbers, text('none'), text(''));
};

function connect(port: number, signIn: { privateKey?: string; password?: string }): SftpRemote {
  const parsed = ssh2.utils.parseKey(host.public);
  if (parsed instanceof Error) throw parsed;
  const hostKeys = [fingerprintOf(parsed.getPublicSSH())];
  const remote = new SftpRemote({ host: '127.0.0.1', port, username: 'recorder', hostKeys, ...signIn });
  remotes.push(remote);
  return remote;
}

const look = (remote: SftpRemote) => remote.stat('a', new AbortController().signal);

describe('what ssh2 would ask before it uploads', () => {
  it.each(['ed25519', 'ecdsa', 'rsa'] as const)(
    'is not whether a key of type %s is welcome: it signs at once',
    async (type) => {
      const bits = type === 'rsa' ? 2048 : 256;
      const key = type === 'ed25519' ? generateKeyPair() : ssh2.utils.generateKeyPairSync(type, { bits });
      const publicKey = ssh2.utils.parseKey(key.public);
      if (publicKey instanceof Error) throw publicKey;
      const { seen, port } = await serve(({ key, blob, signature, hashAlgo }) => {
        const isKnown = publicKey.getPublicSSH().equals(key.data);
        return isKnown && signature !== undefined && publicKey.verify(blob!, signature, hashAlgo) === true;
      });
      expect(await look(connect(port, { privateKey: key.private }))).toBeUndefined();
      expect(seen.signIns).toEqual(['signed']);
    },
  );

  it('is not whether SFTP may begin, nor, before anything else, how much it may send at once', async () => {
    const { seen, port } = await serve(() => false);
    expect(await look(connect(port, { password: 'secret' }))).toBeUndefined();
    expect(seen.packets.slice(0, 4)).toEqual([0, INIT, EXTENDED, STAT]);
  });

  it('a key that is refused leaves the password to be tried', async () => {
    const { private: privateKey } = generateKeyPair();
    const { seen, port } = await serve(() => false);
    expect(await look(connect(port, { privateKey, password: 'secret' }))).toBeUndefined();
    expect(seen.signIns).toEqual(['signed', 'password']);
  });
});
