import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lineHash } from '../../src/archive/chain.js';
import { plainEd25519 } from '../../src/archive/export/check-export.js';
import { identityFingerprint, loadIdentity, signatureKey, signDay } from '../../src/archive/signature.js';
import { launchChromium } from '../peers/browser.js';
import { command } from '../simulators/command.js';
import { at, segment, sha256 } from '../simulators/entries.js';
import { ArchiveFolder } from '../simulators/folder-archive.js';

const run = promisify(execFile);
const DAY = '2026-05-03';

describe('the page that checks an export', () => {
  let browser: Browser;
  let dir: string;
  let key: string;
  beforeAll(async () => {
    browser = await launchChromium();
    dir = await mkdtemp(join(tmpdir(), 'verifier-'));
    const archive = await ArchiveFolder.create();
    const films = [];
    for (const n of [0, 1, 2]) {
      const file = join(dir, `film-${n}.mp4`);
      const source = ['-f', 'lavfi', '-i', `testsrc2=size=160x90:rate=10:duration=2`, '-vf', `hue=h=${n * 90}`];
      await run('ffmpeg', [
        '-v',
        'error',
        ...source,
        '-c:v',
        'libx264',
        '-g',
        '10',
        '-bitexact',
        '-movflags',
        '+faststart',
        file,
      ]);
      const bytes = await readFile(file);
      const start = at(DAY, `12:00:0${n * 2}`);
      films.push({
        entry: segment('gate', start, start + 2_000, { bytes: bytes.length, sha256: sha256(bytes) }),
        file,
      });
    }
    await archive.add(films.map(({ entry }) => entry));
    for (const { entry, file } of films) await cp(file, join(archive.root, entry.key));
    const identity = await loadIdentity(join(dir, 'identity.pem'));
    key = identityFingerprint(identity.publicKey);
    const [shard] = await archive.source.shards('gate', DAY);
    const lines = (await readFile(join(archive.root, shard!.key), 'utf8')).trim().split('\n');
    const head = { number: 1, first: 1, last: 3, head: lineHash(lines.at(-1)!) };
    const statement = { site: 'home', camera: 'gate', day: DAY, shards: [head], signedAt: at('2026-05-04') };
    await archive.write(signatureKey('home', 'gate', DAY, 1), signDay(identity, statement));
    const span = ['--camera', 'gate', '--from', `${DAY}T12:00:01Z`, '--to', `${DAY}T12:00:05Z`];
    const made = await command(['export', '--folder', archive.root, ...span, '--originals', '-o', join(dir, 'export')]);
    expect(made.exit, made.stderr).toBe(0);
    await archive.dispose();
  });
  afterAll(async () => {
    await browser.close();
    await rm(dir, { recursive: true });
  });

  /** Opens the page of an export from disk, with no network at all, and gives it the folder. */
  async function check(folder: string, { plain = false, noted = '' } = {}) {
    const context = await browser.newContext({ offline: true });
    const page = await context.newPage();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    // A browser that does not know Ed25519.
    if (plain) await page.addInitScript("crypto.subtle.importKey = async () => { throw new Error('unknown'); };");
    await page.goto(`file://${folder}/verify.html`);
    await page.fill('#key', noted);
    await page.setInputFiles('#folder', folder);
    await page.waitForSelector('body[data-wrong]', { timeout: 60_000 });
    const [state, wrong, proved] = await Promise.all([
      page.textContent('#state'),
      page.locator('li.wrong').allTextContents(),
      page.locator('li.proved').allTextContents(),
    ]);
    await context.close();
    return { state, wrong, proved, asked: asked.filter((url) => !url.startsWith('file:')) };
  }

  it('says that all of it is proved but who made the manifest, offline, with the key that was noted', async () => {
    const { state, wrong, proved, asked } = await check(join(dir, 'export'), { noted: key });
    expect([state, wrong, asked]).toEqual(['Nothing is wrong; some things are not proved (–).', [], []]);
    const said = proved.join('\n');
    expect(said).toMatch(/every byte of picture and sound is copied from the originals/);
    expect(said).toMatch(/parts of the index are as signed/);
    expect(said).toContain(`signed by the key you noted, ${key}`);
  });

  it('says the same where the browser does not know Ed25519', async () => {
    const { wrong, proved } = await check(join(dir, 'export'), { plain: true, noted: key });
    expect(wrong).toEqual([]);
    expect(proved.join('\n')).toContain(`signed by the key you noted, ${key}`);
  });

  it.each(['clip.mp4', 'originals', 'index', 'key'])('names what was changed: %s', async (what) => {
    const folder = join(dir, `changed-${what}`);
    await cp(join(dir, 'export'), folder, { recursive: true });
    const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'));
    const files: Record<string, string> = {
      'clip.mp4': 'clip.mp4',
      originals: manifest.sources[0].file,
      index: manifest.index[0].file,
    };
    const file = files[what];
    if (file) {
      const bytes = await readFile(join(folder, file));
      bytes[bytes.length - 30]! ^= 1;
      await writeFile(join(folder, file), bytes);
    }
    const noted = file ? key : `SHA256:${'A'.repeat(43)}`;
    const { state, wrong } = await check(folder, { noted });
    expect(state).toMatch(/^NOT whole/);
    expect(wrong.join('\n')).toContain(file ?? 'another key than you noted');
  });
});

it('Ed25519 without a library agrees with one, for signatures that are right and wrong', async () => {
  const { generateKeyPairSync, sign, createHash } = await import('node:crypto');
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const message = Buffer.from('what was said');
  const signature = sign(null, message, privateKey);
  const sha512 = async (bytes: Uint8Array) => new Uint8Array(createHash('sha512').update(bytes).digest());
  expect(await plainEd25519(spki, message, signature, sha512)).toBe(true);
  expect(await plainEd25519(spki, Buffer.from('what was sait'), signature, sha512)).toBe(false);
  for (const at of [0, 31, 32, 63]) {
    const changed = Buffer.from(signature);
    changed[at]! ^= 1;
    expect(await plainEd25519(spki, message, changed, sha512)).toBe(false);
  }
});
