import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { Failure } from '../../../lib/errors.js';
import { describeMp4 } from '../../../lib/mp4/describe.js';
import { scanFragments } from '../../../lib/mp4/fragments.js';
import { Finisher } from '../../../src/spool/finish.js';
import { findLeftovers, salvageLeftovers } from '../../../src/spool/recover.js';
import { until } from '../../peers/until.js';
import { type Clip, makeClip } from '../../simulators/clip.js';
import { NOON, Storage } from '../../simulators/storage.js';

/** Called before each file is sealed; what it throws is what sealing ends with. */
const sealing = vi.hoisted<{ before: (from: string, to: string) => Promise<void> }>(() => ({
  before: async () => undefined,
}));

vi.mock('../../../lib/mp4/seal.js', async (original) => {
  const { sealFragments } = await original<typeof import('../../../lib/mp4/seal.js')>();
  return {
    async sealFragments(from: string, to: string, signal: AbortSignal) {
      await sealing.before(from, to);
      return await sealFragments(from, to, signal);
    },
  };
});

let clip: Clip;
let storage: Storage;
let directory: string;
let stop: AbortController;

beforeAll(async () => {
  clip = await makeClip();
});
afterAll(() => clip.remove());
beforeEach(async () => {
  storage = new Storage();
  directory = join(storage.layout.work, 'gate', 'run1');
  await mkdir(directory, { recursive: true });
  stop = new AbortController();
  storage.ledger.runs.start('run1', 'gate', NOON - 1_000);
});
afterEach(() => {
  sealing.before = async () => undefined;
  stop.abort();
  storage.close();
});

const finisher = (ffmpeg = 'ffmpeg') =>
  new Finisher(storage.spool, storage.ledger, ffmpeg, storage.clock, storage.log, stop.signal);
const working = async (seq = 0, content?: Buffer) => {
  const file = join(directory, `00000${seq}.mp4`);
  if (content) await writeFile(file, content);
  else await cp(clip.fragmented, file);
  return { camera: 'gate', run: 'run1', seq, file, start: NOON };
};
const closed = async (seq = 0, content?: Buffer) => ({ ...(await working(seq, content)), end: NOON + clip.durationMs });
const files = () => storage.ledger.files.between('gate', 0, NOON * 2);
const gaps = () => storage.ledger.gaps.between('gate', 0, NOON * 2);
const salvage = (by = finisher()) => by.salvage({ camera: 'gate', run: 'run1', directory });

/** The file is one only ffmpeg can seal, and ffmpeg is `lines` of shell and then the real one. */
async function wrapped(lines: string): Promise<string> {
  sealing.before = async () => {
    throw new Failure('encrypted', { kind: 'permanent', code: 'media-unsupported' });
  };
  const script = join(storage.root, 'ffmpeg.sh');
  await writeFile(script, `#!/bin/sh\n${lines}\nexec ffmpeg "$@"\n`);
  await chmod(script, 0o755);
  return script;
}

describe('finishing a working file', () => {
  it('seals it and commits it with its time and what it holds', async () => {
    await finisher().finish(await closed());
    const [file] = files();
    expect(file).toMatchObject({
      ...{ kind: 'continuous', start: NOON, end: NOON + clip.durationMs, run: 'run1', seq: 0, source: 'rtsp' },
      ...{ state: 'ready', width: 320, height: 180, codecs: ['avc1.42c00b', 'mp4a.40.2'] },
    });
    const media = await describeMp4(join(storage.layout.ready, file!.name));
    expect(media).toMatchObject({ faststart: true });
    expect(await readdir(directory)).toEqual([]);
  });

  it('saves the whole fragments of a file that was cut off', async () => {
    const one = await working();
    const { last } = await scanFragments(one.file);
    await truncate(one.file, last!.end - 100);
    await finisher().finish(one);
    const [file] = files();
    expect(file!.end - file!.start).toBeGreaterThan(clip.durationMs - 1_300);
    expect(file!.end - file!.start).toBeLessThan(clip.durationMs - 700);
    expect(gaps()).toEqual([]);
  });

  it('drops what holds no whole group of pictures yet', async () => {
    const whole = await readFile(clip.fragmented);
    const { headerEnd } = await scanFragments(clip.fragmented);
    await finisher().finish(await working(0, whole.subarray(0, headerEnd + 500)));
    await finisher().finish(await working(1, whole.subarray(0, 20)));
    await finisher().finish(await working(2, Buffer.alloc(0)));
    expect(await readdir(directory)).toEqual([]);
    expect(await readdir(storage.layout.quarantine)).toEqual([]);
    expect(files()).toEqual([]);
  });

  it.each([
    ['lost its header', (bytes: Buffer) => bytes.fill(0, 0, 2_000)],
    ['lost most of its media', (bytes: Buffer) => bytes.fill(0, 3_000, bytes.length - 500)],
  ])('sets aside a file that %s, with a gap, and keeps it', async (_, damage) => {
    await finisher().finish(await closed(0, damage(await readFile(clip.fragmented))));
    expect(files()).toEqual([]);
    expect(gaps()).toEqual([
      expect.objectContaining({ start: NOON, end: NOON + clip.durationMs, cause: 'file-damaged' }),
    ]);
    expect(await readdir(storage.layout.quarantine)).toHaveLength(1);
    expect(await readdir(directory)).toEqual([]);
  });

  it('says that a closed file is gone, and does not look for it for ever', async () => {
    const one = await closed();
    await rm(one.file);
    await finisher().finish(one);
    expect(gaps()).toEqual([expect.objectContaining({ start: NOON, cause: 'file-lost' })]);
  });

  it('waits for disk space, gives back what a half copy took, and holds up no other file meanwhile (I7)', async () => {
    let full = true;
    sealing.before = async (from, to) => {
      if (!full || !from.includes('000000')) return;
      await writeFile(to, Buffer.alloc(100_000));
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    };
    const by = finisher();
    const [first, second] = [by.finish(await closed(0)), by.finish(await closed(1))];
    await second;
    expect(files().map((file) => file.seq)).toEqual([1]);
    await until('the refusal', () => storage.clock.sleeping === 1);
    expect(await readdir(directory)).toEqual(['000000.mp4']);
    expect(gaps()).toEqual([]);
    full = false;
    await storage.clock.advance(10_000);
    await first;
    expect(
      files()
        .map((file) => file.seq)
        .sort(),
    ).toEqual([0, 1]);
  });

  it.each([
    ['once another file was saved', async (by: Finisher) => await by.finish(await closed(1))],
    ['before the recorder stops', async (by: Finisher) => await by.idle()],
  ])('tries again %s, without waiting for its turn', async (_, happens) => {
    let full = true;
    sealing.before = async () => {
      if (full) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    };
    const by = finisher();
    const first = by.finish(await closed(0));
    await until('the refusal', () => storage.clock.sleeping === 1);
    full = false;
    await happens(by);
    await first;
    expect(files().map((file) => file.seq)).toContain(0);
  });

  it('leaves to ffmpeg what we cannot seal ourselves, and says so', async () => {
    await finisher(await wrapped('')).finish(await closed());
    expect(files()).toMatchObject([{ width: 320, codecs: ['avc1.42c00b', 'mp4a.40.2'] }]);
    expect(storage.lines.join()).toContain('ffmpeg is asked');
  });

  it('does not take a disk that ffmpeg finds full for a damaged file', async () => {
    const flag = join(storage.root, 'once');
    const refusal = `echo 'No space left on device' >&2; exit 1`;
    const finishing = finisher(await wrapped(`if [ ! -e ${flag} ]; then touch ${flag}; ${refusal}; fi`)).finish(
      await closed(),
    );
    await until('the first attempt to fail', () => storage.clock.sleeping === 1);
    expect(gaps()).toEqual([]);
    await storage.clock.advance(10_000);
    await finishing;
    expect(files()).toHaveLength(1);
  });

  it.each(['kill -TERM $$', 'exit 255'])('does not take a stopped ffmpeg for a damaged file (%s)', async (end) => {
    const flag = join(storage.root, 'once');
    const by = finisher(await wrapped(`if [ ! -e ${flag} ]; then touch ${flag}; ${end}; fi`));
    const finishing = by.finish(await closed());
    await until('the first attempt to fail', () => storage.clock.sleeping === 1);
    expect(await readdir(storage.layout.quarantine)).toEqual([]);
    await storage.clock.advance(10_000);
    await finishing;
    expect(files()).toHaveLength(1);
  });

  it('never doubles footage when noting it failed after the file was in place', async () => {
    vi.spyOn(storage.ledger.files, 'setState').mockImplementationOnce(() => {
      throw new Error('database or disk is full');
    });
    const finishing = finisher().finish(await closed());
    await until('the first attempt to fail', () => storage.clock.sleeping === 1);
    await storage.clock.advance(10_000);
    await finishing;
    expect(files()).toHaveLength(1);
    expect(await readdir(storage.layout.ready)).toEqual([files()[0]!.name]);
    expect(await readdir(directory)).toEqual([]);
  });

  it('leaves the working file for the next start when it is cut short', async () => {
    const started = join(storage.root, 'started');
    const finishing = finisher(await wrapped(`touch ${started}; exec sleep 60`)).finish(await closed());
    await until('sealing', () => existsSync(started));
    stop.abort();
    await finishing;
    expect(await readdir(directory)).toEqual(['000000.mp4']);
    expect(storage.ledger.files.committing()).toEqual([]);
    stop = new AbortController();
    await salvage();
    expect(files()).toHaveLength(1);
  });
});

describe('salvaging a run', () => {
  it('dates what was cut off by its media time and the anchor of its run', async () => {
    storage.ledger.runs.anchor('run1', NOON, 0);
    await working(3);
    await writeFile(join(directory, '000002.sealed'), 'half a copy');
    await salvage();
    expect(files()).toMatchObject([{ start: NOON + clip.startMs, seq: 3 }]);
    expect(Math.abs(files()[0]!.end - NOON - clip.startMs - clip.durationMs)).toBeLessThan(200);
    expect(existsSync(directory)).toBe(false);
  });

  it.each([
    ['one that ended shortly before its clock says', -700, -700],
    ['one that ended shortly after', 700, 700],
    ['one that ended much earlier, with a break', -1_500, 0],
  ])('lets a file begin where the one before it ended: %s', async (_, endMs, startMs) => {
    storage.ledger.runs.anchor('run1', NOON, 0);
    const end = NOON + clip.startMs + endMs;
    await storage.commit({ start: end - 60_000, end, run: 'run1', seq: 2 });
    await working(3);
    await salvage();
    expect(files().find(({ seq }) => seq === 3)!.start).toBe(NOON + clip.startMs + startMs);
  });

  it('dates by the clock its run was of, though that was set since: nothing of the new one is filled', async () => {
    storage.ledger.runs.anchor('run1', NOON, 0);
    storage.ledger.clockSteps.add('gate', NOON + 60_000, NOON - 60_000);
    storage.ledger.gaps.open('gate', NOON - 60_000, 'recorder-crashed');
    await working(0);
    await salvage();
    expect(files()).toMatchObject([{ start: NOON + clip.startMs, era: 0 }]);
    expect(storage.ledger.gaps.current('gate')!.start).toBe(NOON - 60_000);
  });

  it('dates a run that never had an anchor by when its file was written last', async () => {
    const { file } = await working(0);
    await utimes(file, NOON / 1_000, NOON / 1_000);
    await salvage();
    expect(Math.abs(files()[0]!.end - NOON)).toBeLessThan(10);
    expect(Math.abs(files()[0]!.start - NOON + clip.durationMs)).toBeLessThan(200);
  });

  it('does so also where what was cut off at the end has to go first', async () => {
    const { file } = await working(0);
    const { last } = await scanFragments(file);
    await truncate(file, last!.end - 100);
    await utimes(file, NOON / 1_000, NOON / 1_000);
    await salvage(finisher(await wrapped('')));
    expect(Math.abs(files()[0]!.end - NOON)).toBeLessThan(10);
  });

  it('leaves alone what is being finished, its half copy too', async () => {
    let goOn = () => undefined as unknown;
    let half = '';
    sealing.before = async (_, to) => {
      half = to;
      await writeFile(to, 'half a copy');
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
    };
    const by = finisher();
    const finishing = by.finish(await closed());
    await until('sealing', () => half !== '');
    await writeFile(join(directory, 'zzz'), 'looked at last');
    const salvaging = salvage(by);
    await until('the salvage to look through the folder', () => !existsSync(join(directory, 'zzz')));
    expect(existsSync(half)).toBe(true);
    goOn();
    await by.idle();
    await Promise.all([finishing, salvaging]);
    expect(storage.lines.filter((line) => line.includes('retry'))).toEqual([]);
    expect(files()).toMatchObject([{ seq: 0, end: NOON + clip.durationMs }]);
    expect(existsSync(directory)).toBe(false);
  });

  it('does not save twice what a killed recorder had committed already', async () => {
    await finisher().finish(await closed());
    await working(0);
    await salvage();
    expect(files()).toHaveLength(1);
    expect(existsSync(directory)).toBe(false);
  });

  it('ends an orphan that still records before it takes its files', async () => {
    await working();
    const orphan = spawn('sleep', ['60'], { cwd: directory });
    await once(orphan, 'spawn');
    const leftovers = await findLeftovers(storage.spool);
    expect(leftovers).toMatchObject([{ camera: 'gate', run: 'run1' }]);
    const salvaging = salvageLeftovers(leftovers, finisher(), storage.clock, storage.log);
    let isOver = false;
    void salvaging.then(() => (isOver = true));
    await until('its files to be saved', async () => {
      await storage.clock.advance(100);
      return isOver;
    });
    expect(orphan.signalCode).toBe('SIGTERM');
    expect(files()).toHaveLength(1);
  });
});
