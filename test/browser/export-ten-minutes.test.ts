import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lineHash } from '../../src/archive/chain.js';
import { loadIdentity, signatureKey, signDay } from '../../src/archive/signature.js';
import { launchChromium } from '../peers/browser.js';
import { command } from '../simulators/command.js';
import { at, segment, sha256 } from '../simulators/entries.js';
import { ArchiveFolder } from '../simulators/folder-archive.js';

const run = promisify(execFile);
const DAY = '2026-05-03';
const SEGMENT_S = 300;
const RATE = 4;

/** The hash of each picture and each bit of sound as it is coded, by stream, in order. */
async function packetsOf(file: string, ...options: string[]): Promise<{ video: string[]; audio: string[] }> {
  const args = ['-v', 'error', ...options, '-i', file, '-c', 'copy', '-f', 'framehash', '-hash', 'md5', '-'];
  const { stdout } = await run('ffmpeg', args, { maxBuffer: 64_000_000 });
  const lines = stdout.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const of = (stream: string) =>
    lines.filter((line) => line.startsWith(stream)).map((line) => line.split(',').at(-1)!.trim());
  return { video: of('0,'), audio: of('1,') };
}

describe('ten minutes out of three files of five', () => {
  let dir: string;
  let archive: ArchiveFolder;
  let sources: string[];
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
    dir = await mkdtemp(join(tmpdir(), 'ten-minutes-'));
    archive = await ArchiveFolder.create();
    const seconds = 3 * SEGMENT_S;
    await run('ffmpeg', [
      ...['-v', 'error', '-f', 'lavfi', '-i', `testsrc2=size=128x72:rate=${RATE}:duration=${seconds}`],
      ...['-f', 'lavfi', '-i', `sine=frequency=300:sample_rate=8000:duration=${seconds}`],
      ...['-c:v', 'libx264', '-preset', 'ultrafast', '-g', `${RATE * 2}`, '-c:a', 'aac', '-b:a', '16k', '-bitexact'],
      ...['-f', 'segment', '-segment_time', `${SEGMENT_S}`, '-segment_format_options', 'movflags=+faststart'],
      ...['-reset_timestamps', '1', join(dir, '%d.mp4')],
    ]);
    sources = [0, 1, 2].map((n) => join(dir, `${n}.mp4`));
    const films = await Promise.all(
      sources.map(async (file, n) => {
        const bytes = await readFile(file);
        const start = at(DAY, '12:00') + n * SEGMENT_S * 1_000;
        const more = { bytes: bytes.length, sha256: sha256(bytes), codecs: ['avc1.42c00a', 'mp4a.40.2'] };
        return { entry: segment('gate', start, start + SEGMENT_S * 1_000, more), file };
      }),
    );
    await archive.add(films.map(({ entry }) => entry));
    for (const { entry, file } of films) await cp(file, join(archive.root, entry.key));
    await sign();
  });
  afterAll(async () => {
    await browser.close();
    await archive.dispose();
    await rm(dir, { recursive: true });
  });

  async function sign(): Promise<void> {
    const identity = await loadIdentity(join(dir, 'identity.pem'));
    const [shard] = await archive.source.shards('gate', DAY);
    const lines = (await readFile(join(archive.root, shard!.key), 'utf8')).trim().split('\n');
    const head = { number: 1, first: 1, last: 3, head: lineHash(lines.at(-1)!) };
    const statement = { site: 'home', camera: 'gate', day: DAY, shards: [head], signedAt: at('2026-05-04') };
    await archive.write(signatureKey('home', 'gate', DAY, 1), signDay(identity, statement));
  }

  const from = 150;
  const make = async (folder: string) => {
    const span = ['--camera', 'gate', '--from', `${DAY}T12:02:30Z`, '--to', `${DAY}T12:12:30Z`, '--originals'];
    const made = await command(['export', '--folder', archive.root, ...span, '-o', folder, '--json']);
    expect(made.exit, made.stderr).toBe(0);
    return JSON.parse(made.stdout) as { clips: { file: string; frames: number; begins: string; ends: string }[] };
  };

  /** The page from disk, in a browser without a network: what it says of the folder. */
  async function judge(folder: string): Promise<{ state: string | null; wrong: string[]; proved: string }> {
    const page = await (await browser.newContext({ offline: true })).newPage();
    await page.goto(`file://${folder}/verify.html`);
    await page.setInputFiles('#folder', folder);
    await page.waitForSelector('body[data-wrong]', { timeout: 60_000 });
    const said = (kind: string) => page.locator(`li.${kind}`).allTextContents();
    const [state, wrong] = [await page.textContent('#state'), await said('wrong')];
    return { state, wrong, proved: (await said('proved')).join('\n') };
  }

  it('are one film of every picture that was recorded, and the page says offline that they are', async () => {
    const folder = join(dir, 'export');
    const { clips } = await make(folder);
    expect(clips).toMatchObject([{ begins: `${DAY}T12:02:30.000Z`, ends: `${DAY}T12:12:30.000Z`, frames: 600 * RATE }]);
    const clip = await packetsOf(join(folder, clips[0]!.file));
    const recorded = await Promise.all(sources.map((file) => packetsOf(file)));
    const pictures = recorded.flatMap(({ video }) => video);
    expect(pictures).toHaveLength(900 * RATE);
    expect(clip.video).toEqual(pictures.slice(from * RATE, (from + 600) * RATE));
    // Sound comes in pieces that do not end with a picture: whole pieces, none twice, none left out in between.
    const sound = recorded.flatMap(({ audio }) => audio);
    const first = sound.indexOf(clip.audio.find((hash) => sound.indexOf(hash) === sound.lastIndexOf(hash))!);
    const lead = clip.audio.indexOf(sound[first]!);
    expect(clip.audio).toEqual(sound.slice(first - lead, first - lead + clip.audio.length));
    expect(Math.abs(clip.audio.length * (1_024 / 8_000) - 600)).toBeLessThan(1);

    const { state, wrong, proved } = await judge(folder);
    expect([state, wrong]).toEqual(['Nothing is wrong; some things are not proved (–).', []]);
    expect(proved).toMatch(/every byte of picture and sound is copied from the originals/);
    expect(proved.match(/the original is what the index lists/g)).toHaveLength(3);

    // A byte of a picture in the middle of the film.
    const film = await readFile(join(folder, clips[0]!.file));
    film[Math.floor(film.length / 2)]! ^= 1;
    await writeFile(join(folder, clips[0]!.file), film);
    expect((await judge(folder)).state).toMatch(/^NOT whole/);
  });
});
