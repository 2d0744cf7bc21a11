import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../peers/until.js';
import { film } from '../simulators/films.js';
import { hastyClock, InboxSite, PASSWORD } from '../simulators/inbox-site.js';

const run = promisify(execFile);

let films: string;
let clip: Buffer;
beforeAll(() => {
  films = mkdtempSync(join(tmpdir(), 'films-'));
  clip = readFileSync(film(films, 'clip.mp4'));
});
afterAll(() => rmSync(films, { recursive: true }));

let site: InboxSite;
const open = async (ftp: object = {}, more: object = {}) => {
  site = await new InboxSite({ ftp, ...more }).start();
};
afterEach(() => site.close());

/** Commands typed by hand; `say` resolves to the reply. */
class ByHand {
  readonly socket: Socket;
  #text = '';

  constructor() {
    this.socket = connect(site.port, '127.0.0.1');
    this.socket.on('data', (bytes) => {
      this.#text += bytes.toString();
    });
    this.socket.on('error', () => undefined);
  }

  async reply(): Promise<string> {
    const pattern = /^(?:\d{3}-[\s\S]*?\r\n)?(\d{3} [^\r]*)\r\n/m;
    await until('a reply', () => pattern.test(this.#text) || this.socket.closed);
    const [all, last] = pattern.exec(this.#text) ?? ['', ''];
    this.#text = this.#text.slice(all.length);
    return last!;
  }

  async say(line: string | Buffer): Promise<string> {
    this.socket.write(Buffer.concat([Buffer.from(line), Buffer.from('\r\n')]));
    return this.reply();
  }

  async signIn(password = PASSWORD): Promise<string> {
    await this.reply();
    await this.say('USER nvr');
    return this.say(`PASS ${password}`);
  }

  async data(): Promise<Socket> {
    const port = Number(/\|\|\|(\d+)\|/.exec(await this.say('EPSV'))![1]);
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return socket;
  }
}

async function signedIn(): Promise<ByHand> {
  const client = new ByHand();
  expect(await client.signIn()).toMatch(/^230/);
  return client;
}

describe('clients people use', () => {
  it('lftp mirrors a tree in parallel, under temporary names that it renames', async () => {
    await open();
    const tree = join(films, 'tree');
    for (let n = 0; n < 12; n++) {
      mkdirSync(join(tree, `cam${n % 3}`), { recursive: true });
      writeFileSync(join(tree, `cam${n % 3}`, `cam${n % 3}_202605030212${10 + n}.mp4`), clip);
    }
    const commands = [
      `set ftp:ssl-allow no; set xfer:use-temp-file yes; set net:max-retries 1; set cmd:fail-exit yes`,
      `open -u nvr,'${PASSWORD}' -p ${site.port} 127.0.0.1; mirror -R --parallel=4 ${tree} backup; cls -1 backup; bye`,
    ];
    await run('lftp', ['-c', commands.join('; ')]);
    await until('all are stored', () => site.stored.size === 12);
    for (const content of site.stored.values()) expect(content).toEqual(clip);
    expect(site.ledger.cameras()).toEqual(['cam0', 'cam1', 'cam2']);
    expect(site.problems).toEqual([]);
  });

  it('curl in active mode, towards itself', async () => {
    await open();
    const file = join(films, 'clip.mp4');
    const url = `ftp://127.0.0.1:${site.port}/gate_20260503021230.mp4`;
    await run('curl', ['-sS', '-u', `nvr:${PASSWORD}`, '--ftp-port', '127.0.0.1', '-T', file, url]);
    await until('it is stored', () => site.stored.get('gate_20260503T021230Z_inbox.mp4')?.equals(clip) ?? false);
  });
});

describe('row 32: a client that is killed in the middle', () => {
  it.each([
    ['SIGKILL', 'lftp'],
    ['SIGKILL', 'curl'],
  ] as const)('by %s leaves nothing that passes for whole (%s)', async (signal, client) => {
    await open();
    const big = join(films, 'big.mp4');
    writeFileSync(big, Buffer.concat([clip, mdat(3_000_000)]));
    const [host, name] = [`127.0.0.1`, 'gate_20260503021230.mp4'];
    const child =
      client === 'curl'
        ? spawn('curl', [
            '-sS',
            '--limit-rate',
            '200k',
            '-u',
            `nvr:${PASSWORD}`,
            '-T',
            big,
            `ftp://${host}:${site.port}/${name}`,
          ])
        : spawn('lftp', [
            '-c',
            `set ftp:ssl-allow no; set net:limit-rate 200000; open -u nvr,'${PASSWORD}' -p ${site.port} ${host}; put ${big} -o ${name}`,
          ]);
    // The first part alone is a whole film by its structure: only how the transfer ended says that it is not.
    await until('some has arrived', () => arrivedBytes() > clip.length + 100_000);
    child.kill(signal);
    await until('it is set aside', () => site.setAside.length === 1);
    await until('that is told', () => site.problems.length === 1);
    expect(site.problems[0]).toMatch(/its transfer broke off/);
    expect(site.stored.size).toBe(0);
    expect(site.lines.some((line) => line.includes('a delivery over FTP broke off'))).toBe(true);
  });

  it('at the end of a box is known by its connection alone', async () => {
    await open();
    const client = await signedIn();
    const data = await client.data();
    client.socket.write('STOR gate_20260503021230.mp4\r\n');
    await client.reply();
    data.write(clip);
    await until('all has arrived', () => arrivedBytes() === clip.length);
    // What the kernel does for a process that is killed: both ends in good order, and no word.
    data.end();
    client.socket.destroy();
    await until('it is set aside', () => site.setAside.length === 1);
    expect(site.setAside[0]).toEqual(clip);
    expect(site.stored.size).toBe(0);
  });

  it('and what a killed recorder was receiving is set aside at the next start', async () => {
    await open();
    const client = await signedIn();
    const data = await client.data();
    client.socket.write('STOR gate_20260503021230.mp4\r\n');
    data.write(clip.subarray(0, 1_000));
    await until('some has arrived', () => arrivedBytes() === 1_000);
    const aside = arriving()[0]!;
    const content = readFileSync(aside);
    await site.halt();
    // As a SIGKILL leaves it, without the good order of our own stop.
    rmSync(join(site.layout.quarantine), { recursive: true });
    rmSync(join(site.layout.inbox.ftp, 'nvr'), { recursive: true });
    mkdirSync(join(site.layout.inbox.ftp, 'nvr'));
    writeFileSync(aside, content);
    site = await new InboxSite({ ftp: {}, dir: site.dir }).start();
    await until('it is set aside', () => site.setAside.length === 1);
    expect(site.setAside[0]).toEqual(content);
  });
});

describe('what is stored', () => {
  it('is never overwritten, also not by a rename, and both come into the spool', async () => {
    await open({}, { more: { settle: '2s' } });
    const client = await signedIn();
    const send = async (name: string, content: Buffer) => {
      const data = await client.data();
      client.socket.write(`STOR ${name}\r\n`);
      await client.reply();
      data.end(content);
      expect(await client.reply()).toMatch(/^226/);
    };
    const other = Buffer.concat([clip, mdat(8)]);
    const third = Buffer.concat([clip, mdat(16)]);
    await send('gate_20260503021230.mp4', clip);
    await send('gate_20260503021230.mp4', other);
    await send('upload.tmp', third);
    expect(await client.say('RNFR upload.tmp')).toMatch(/^350/);
    expect(await client.say('RNTO gate_20260503021230.mp4')).toMatch(/^250/);
    await until('all three are stored', () => site.stored.size === 3);
    expect([...site.stored.values()].map((one) => one.length).sort()).toEqual(
      [clip, other, third].map((one) => one.length),
    );
  });

  it('on a full disk is refused with 452, and no half of it stays', async () => {
    await open({}, { minFreeBytes: 2 ** 60 });
    const client = await signedIn();
    await client.data();
    expect(await client.say('STOR gate_20260503021230.mp4')).toMatch(/^452/);
    expect([arriving(), site.setAside, site.stored.size]).toEqual([[], [], 0]);
  });
});

describe('a stranger', () => {
  it('cannot leave his folder, or follow a link out of it', async () => {
    await open();
    const secret = join(site.dir, 'secret');
    mkdirSync(secret);
    writeFileSync(join(secret, 'key'), 'private');
    symlinkSync(secret, join(site.layout.inbox.ftp, 'nvr', 'link'));
    const client = await signedIn();
    for (const path of ['../../../secret', '/../../../secret', 'link', 'link/key', '..%2f..', '....//....//secret']) {
      expect([path, await client.say(`CWD ${path}`)]).toEqual([path, expect.stringMatching(/^550/)]);
      expect([path, await client.say(`SIZE ${path}`)]).toEqual([path, expect.stringMatching(/^550/)]);
    }
    await client.data();
    expect(await client.say('STOR link/key')).toMatch(/^550/);
    await client.data();
    expect(await client.say('STOR ../../../secret/other')).toMatch(/^(150|5)/);
    expect(readFileSync(join(secret, 'key'), 'utf8')).toBe('private');
    expect(await run('ls', [secret])).toMatchObject({ stdout: 'key\n' });
  });

  it.each(['a\0b', 'a\x1b[31m', `.x.0123456789ab.kept`, `.x.0123456789ab.aside`, 'x'.repeat(300), 'a/'.repeat(40)])(
    'cannot use the name %j',
    async (name) => {
      await open();
      const client = await signedIn();
      await client.data();
      expect(await client.say(`STOR ${name}`)).toMatch(/^553/);
    },
  );

  it('reads, changes and removes nothing', async () => {
    await open({}, { more: { settle: '1h' } });
    const client = await signedIn();
    const data = await client.data();
    client.socket.write('STOR x.mp4\r\n');
    await client.reply();
    data.end(clip);
    expect(await client.reply()).toMatch(/^226/);
    for (const command of ['RETR x.mp4', 'DELE x.mp4', 'RMD /', 'APPE x.mp4', 'STOU']) {
      if (command.startsWith('APPE')) await client.data();
      expect([command, await client.say(command)]).toEqual([command, expect.stringMatching(/^550/)]);
    }
    expect(await client.say('REST 100')).toMatch(/^501/);
    expect(await client.say('SIZE x.mp4')).toBe(`213 ${clip.length}`);
  });

  it('has us connect to nobody but himself', async () => {
    await open();
    const other = createServer();
    let connections = 0;
    other.on('connection', () => connections++).listen(0, '127.0.0.2');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const client = await signedIn();
    expect(await client.say(`PORT 127,0,0,2,${port >> 8},${port & 255}`)).toMatch(/^500/);
    expect(await client.say(`EPRT |1|127.0.0.2|${port}|`)).toMatch(/^500/);
    expect(await client.say('PORT 127,0,0,1,0,22')).toMatch(/^500/);
    expect(await client.say('PORT a,b')).toMatch(/^500/);
    expect(await client.say('STOR x.mp4')).toMatch(/^425/);
    expect(connections).toBe(0);
    other.close();
  });

  it('takes nobody’s data connection', async () => {
    await open();
    const client = await signedIn();
    const port = Number(/\|\|\|(\d+)\|/.exec(await client.say('EPSV'))![1]);
    client.socket.write('STOR gate_20260503021230.mp4\r\n');
    expect(await client.reply()).toMatch(/^150/);
    const thief = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.3' });
    thief.on('error', () => undefined);
    thief.write('not a film');
    await once(thief, 'close');
    connect(port, '127.0.0.1').end(clip);
    expect(await client.reply()).toMatch(/^226/);
    await until('it is stored', () => site.stored.get('gate_20260503T021230Z_inbox.mp4')?.equals(clip) ?? false);
  });

  it('who guesses passwords is not listened to any more', async () => {
    await open();
    const guesses = await Promise.all(Array.from({ length: 8 }, () => new ByHand().signIn('wrong one')));
    expect(guesses.filter((reply) => reply.startsWith('530'))).toHaveLength(5);
    expect(guesses.filter((reply) => reply.startsWith('421'))).toHaveLength(3);
    expect(await new ByHand().signIn()).toMatch(/^421/);
    expect(site.lines.join('')).not.toContain('wrong one');
  });

  it('who has not signed in can do nothing, and not too many at once', async () => {
    await open({ connections: 3 });
    const client = new ByHand();
    expect(await client.reply()).toMatch(/^220/);
    for (const command of ['LIST', 'STOR x', 'EPSV', 'MKD x', 'CWD /', 'RNFR x'])
      expect(await client.say(command)).toMatch(/^530/);
    const more = [new ByHand(), new ByHand(), new ByHand()];
    const greetings = await Promise.all(more.map((one) => one.reply()));
    expect(greetings.filter((one) => one.startsWith('421'))).toHaveLength(1);
    for (const one of more) one.socket.destroy();
    client.socket.write('x'.repeat(10_000));
    await until('it is cut off', () => client.socket.closed);
  });

  it('who says nothing is sent away', async () => {
    await open({ idle: '500ms' });
    const client = await signedIn();
    expect(await client.reply()).toMatch(/^421/);
    await until('the connection is closed', () => client.socket.closed || client.socket.readableEnded);
  });
});

it('an address that is taken does not stop the rest, and is told of until it is free', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  // It is tried again every 15 s.
  site = new InboxSite({ ftp: { listen: `127.0.0.1:${port}` }, folder: {}, clock: hastyClock(15) });
  void site.start();
  await until('it is told', () => site.problems.some((problem) => /Cannot listen on 127\.0\.0\.1/.test(problem)));
  writeFileSync(join(site.dir, 'watched', 'gate_20260503021230.mp4'), clip);
  await until('the folder is taken in', () => site.stored.size === 1);
  other.close();
  await until('it listens', () => site.inbox.ftpAddress?.port === port);
  expect(site.problems).toEqual([]);
});

/** More of a film that every reader passes over: a box of media nobody refers to. */
function mdat(bytes: number): Buffer {
  const box = Buffer.alloc(8 + bytes);
  box.writeUInt32BE(8 + bytes, 0);
  box.write('mdat', 4);
  return box;
}

function arriving(): string[] {
  const root = join(site.layout.inbox.ftp, 'nvr');
  return readdirSync(root)
    .filter((name) => name.endsWith('.aside'))
    .map((name) => join(root, name));
}

function arrivedBytes(): number {
  return arriving().reduce((sum, file) => sum + readFileSync(file).length, 0);
}
