import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CHAIN_START } from '../../../src/archive/chain.js';
import { buildShards } from '../../../src/archive/listing.js';
import {
  type DayStatement,
  identityFingerprint,
  loadIdentity,
  signDay,
  verifySignature,
} from '../../../src/archive/signature.js';
import { verifyDay } from '../../../src/archive/verify/verify-day.js';
import { at, segment } from '../../simulators/entries.js';

let dir: string;
let path: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'identity-'));
  path = join(dir, 'storage', 'identity.pem');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const day = '2026-05-03';
const entries = ['10:00', '10:05', '11:00', '12:00', '12:30'].map((time) =>
  segment('gate', at(day, time), at(day, time) + 1),
);
const { shards } = buildShards('home', 'gate', entries, { n: 20, prev: 'ab'.repeat(32), shard: 4 });
const statement: DayStatement = { site: 'home', camera: 'gate', day, shards, signedAt: at('2026-05-04', '01:00') };

describe('the recorder identity', () => {
  it('is made once, readable by its owner only, and kept', async () => {
    const one = await loadIdentity(path);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await loadIdentity(path)).publicKey).toBe(one.publicKey);
    expect(identityFingerprint(one.publicKey)).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
  });

  it('is refused when others may read it', async () => {
    await loadIdentity(path);
    await chmod(path, 0o640);
    await expect(loadIdentity(path)).rejects.toMatchObject({ code: 'identity-exposed', kind: 'permanent' });
  });

  it('is never replaced when it is damaged, and never quoted', async () => {
    await loadIdentity(path);
    for (const damaged of ['', (await readFile(path, 'utf8')).slice(0, 60), 'canary']) {
      await writeFile(path, damaged);
      const error = await loadIdentity(path).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'identity-damaged', kind: 'permanent' });
      expect(`${(error as Error).message} ${(error as Error).cause}`).not.toContain('canary');
      expect(await readFile(path, 'utf8')).toBe(damaged);
    }
  });

  it('must be an Ed25519 key', async () => {
    await loadIdentity(path);
    await writeFile(path, execFileSync('openssl', ['genpkey', '-algorithm', 'X25519']));
    await expect(loadIdentity(path)).rejects.toMatchObject({ code: 'identity-damaged' });
  });
});

describe('the daily signature', () => {
  it('gives back the statement', async () => {
    const identity = await loadIdentity(path);
    const check = verifySignature(signDay(identity, statement), [identity.publicKey]);
    expect(check).toEqual({
      valid: true,
      publicKey: identity.publicKey,
      statement: {
        ...statement,
        shards: shards.map(({ number, first, last, head }) => ({ number, first, last, head })),
      },
    });
  });

  it('is verified by OpenSSL from the file alone', async () => {
    const text = signDay(await loadIdentity(path), statement);
    const { publicKey, signature } = JSON.parse(text) as { publicKey: string; signature: string };
    await writeFile(join(dir, 'key.pem'), `-----BEGIN PUBLIC KEY-----\n${publicKey}\n-----END PUBLIC KEY-----\n`);
    await writeFile(join(dir, 'signed'), `${text.slice(0, text.lastIndexOf(',"signature":"'))}}`);
    await writeFile(join(dir, 'signature'), Buffer.from(signature, 'base64'));
    const args = [
      'pkeyutl',
      '-verify',
      '-pubin',
      '-inkey',
      'key.pem',
      '-rawin',
      '-in',
      'signed',
      '-sigfile',
      'signature',
    ];
    expect(execFileSync('openssl', args, { cwd: dir, encoding: 'utf8' })).toContain('Verified Successfully');
  });

  it('fails with any one byte flipped', async () => {
    const identity = await loadIdentity(path);
    const text = signDay(identity, statement);
    for (let index = 0; index < text.length - 1; index++) {
      const flipped = text.slice(0, index) + String.fromCharCode(text.charCodeAt(index) ^ 1) + text.slice(index + 1);
      expect(verifySignature(flipped, [identity.publicKey]).valid, flipped).toBe(false);
    }
  });

  it('is no proof when somebody else made it', async () => {
    const mine = await loadIdentity(path);
    const theirs = await loadIdentity(join(dir, 'other.pem'));
    const forged = signDay(theirs, statement);
    expect(verifySignature(forged, [mine.publicKey])).toMatchObject({ valid: false, reason: 'other-key' });
    const borrowed = forged.replace(theirs.publicKey, mine.publicKey);
    expect(verifySignature(borrowed, [mine.publicKey])).toMatchObject({ valid: false, reason: 'forged' });
    expect(verifySignature(forged)).toMatchObject({ valid: true, publicKey: theirs.publicKey });
  });

  it('is verified although a newer writer added fields', async () => {
    const identity = await loadIdentity(path);
    const newer = signDay(
      {
        publicKey: identity.publicKey,
        sign: (data) =>
          identity.sign(Buffer.from(data.toString().replace('{"version":1,', '{"version":1,"mood":[1],'))),
      },
      statement,
    ).replace('{"version":1,', '{"version":1,"mood":[1],');
    expect(verifySignature(newer, [identity.publicKey]).valid).toBe(true);
  });
});

describe('verifyDay', () => {
  const named = (list: ReturnType<typeof verifyDay>) => list.map(({ kind, from, to }) => `${kind} ${from}-${to}`);

  it('proves a day from its own shards, wherever in the chain they are', () => {
    expect(shards.map((shard) => shard.number)).toEqual([5, 6, 7]);
    expect(verifyDay([...shards].reverse(), statement)).toEqual([]);
    expect(verifyDay(shards)).toEqual([]);
  });

  it.each([0, 1, 2])('names shard %i when it is removed', (index) => {
    const { number, first, last } = shards[index]!;
    const problems = verifyDay(shards.toSpliced(index, 1), statement);
    expect(problems).toEqual([{ kind: 'removed', from: first, to: last, message: `shard ${number} is missing` }]);
  });

  it('names lines removed from, changed in and added to a shard', () => {
    const [one, two, three] = shards as [(typeof shards)[0], (typeof shards)[0], (typeof shards)[0]];
    const cut = { ...one, text: `${one.text.split('\n')[0]}\n` };
    expect(named(verifyDay([cut, two, three], statement))).toEqual(['removed 22-22']);
    const changed = { ...two, text: two.text.replace('rtsp', 'none') };
    expect(named(verifyDay([one, changed, three], statement))).toEqual(['changed 23-23']);
    const more = buildShards('home', 'gate', [entries[0]!], { n: three.last, prev: three.head, shard: 7 }).shards[0]!;
    expect(named(verifyDay([one, two, { ...three, text: three.text + more.text }], statement))).toEqual([
      'inserted 26-26',
    ]);
    expect(verifyDay([one, two, three, more], statement)).toEqual([]);
  });

  it('names a shard the signature does not know, and a chain that was written anew', () => {
    const foreign = { ...shards[0]!, key: 'foreign', number: 3 };
    expect(verifyDay([foreign, ...shards], statement)).toMatchObject([{ kind: 'inserted', shard: 'foreign' }]);
    const anew = buildShards('home', 'gate', entries.slice(1), { n: 20, prev: CHAIN_START, shard: 4 }).shards;
    expect(verifyDay(anew)).toEqual([]);
    expect(verifyDay(anew, statement).length).toBeGreaterThan(0);
  });

  it('holds shards against each other where there is no signature', () => {
    const [one, two, three] = shards as [(typeof shards)[0], (typeof shards)[0], (typeof shards)[0]];
    expect(named(verifyDay([one, { ...two, text: two.text.replace('rtsp', 'none') }, three]))).toEqual([
      'changed 23-23',
    ]);
    expect(verifyDay([one, three])).toEqual([]);
  });
});
