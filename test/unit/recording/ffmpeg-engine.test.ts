import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../lib/clock.js';
import type { Failure } from '../../../lib/errors.js';
import { percentEncode } from '../../../lib/redact.js';
import { FfmpegEngine } from '../../../src/recording/ffmpeg-engine.js';
import { FakeClock } from '../../simulators/fake-clock.js';

const CANARY = "p@ss:w/rd 'q'%41";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ffmpeg-engine-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

/** What a recording ends with where ffmpeg is these lines of shell. */
async function failureOf(lines: string): Promise<Failure> {
  const ffmpeg = join(dir, 'ffmpeg');
  writeFileSync(ffmpeg, `#!/bin/sh\n${lines}\n`);
  chmodSync(ffmpeg, 0o755);
  const source = { url: 'rtsp://10.0.0.5/x', username: 'u', password: CANARY };
  const options = { source, directory: dir, segmentMs: 60_000, audio: 'aac' as const };
  try {
    for await (const event of new FfmpegEngine(ffmpeg, systemClock).record(options, new AbortController().signal)) {
      throw new Error(`unexpected ${event.type}`);
    }
  } catch (error) {
    return error as Failure;
  }
  throw new Error('it ended without a failure');
}

describe('what ffmpeg is told', () => {
  const inherited = process.env.GLIBC_TUNABLES;
  afterEach(() => {
    if (inherited === undefined) delete process.env.GLIBC_TUNABLES;
    else process.env.GLIBC_TUNABLES = inherited;
  });

  it.each([
    [undefined, 'glibc.malloc.mxfast=0'],
    ['glibc.malloc.arena_max=1', 'glibc.malloc.arena_max=1:glibc.malloc.mxfast=0'],
  ])('of its memory comes beside what the owner has set: %s', async (set, told) => {
    if (set === undefined) delete process.env.GLIBC_TUNABLES;
    else process.env.GLIBC_TUNABLES = set;
    await failureOf(`echo "$GLIBC_TUNABLES" > ${join(dir, 'told')}`);
    expect(readFileSync(join(dir, 'told'), 'utf8')).toBe(`${told}\n`);
  });
});

describe('what ffmpeg says when it fails', () => {
  it('loses the password, however it is spelt (I6)', async () => {
    // It was given the list with the password, and repeats all of it.
    const failure = await failureOf(`cat >&2; cat >&2 <<'END'
rtsp://u:${CANARY}@10.0.0.5/x: tried '${CANARY}' and ${percentEncode(CANARY)}, 401 Unauthorized
END
exit 1`);
    expect(failure).toMatchObject({ code: 'sign-in-refused' });
    const told = JSON.stringify([failure.message, failure.hint, failure.stack, String(failure.cause)]);
    expect(told).toContain('401');
    for (const part of [CANARY, percentEncode(CANARY), 'ss:w', 'ss%3Aw']) expect(told).not.toContain(part);
  });

  it('is an end of the stream, not a success, when it exits as if all were well', async () => {
    expect(await failureOf('exit 0')).toMatchObject({ code: 'stream-ended', kind: 'transient' });
  });

  it('does not ask for another sound for ever', async () => {
    const refusal = 'Could not find tag for codec pcm_mulaw in stream #1, codec not currently supported in container';
    const failure = await failureOf(`echo x >> ${join(dir, 'tries')}; echo '${refusal}' >&2; exit 1`);
    expect(failure).toMatchObject({ code: expect.any(String) });
    expect(readFileSync(join(dir, 'tries'), 'utf8')).toBe('x\nx\n');
  });
});

it.each([
  ['ends by itself', 'exit 0', 'silent'],
  ['is killed', 'kill -9 $$', 'stream-ended'],
])('a stream that told nothing for ten seconds before ffmpeg %s', async (_, end, code) => {
  const [ffmpeg, told] = [join(dir, 'ffmpeg'), join(dir, 'told')];
  const report = 'printf "frame=1\\nout_time_us=0\\nprogress=continue\\n" >&3';
  writeFileSync(ffmpeg, `#!/bin/sh\n${report}\nuntil [ -e ${told} ]; do sleep 0.05; done\n${end}\n`);
  chmodSync(ffmpeg, 0o755);
  const clock = new FakeClock();
  const options = { source: { url: 'rtsp://10.0.0.5/x' }, directory: dir, segmentMs: 60_000, audio: 'aac' as const };
  const recording = (async () => {
    for await (const { type } of new FfmpegEngine(ffmpeg, clock).record(options, new AbortController().signal)) {
      expect(type).toBe('progress');
      clock.suspend(10_000);
      writeFileSync(told, '');
    }
  })();
  await expect(recording).rejects.toMatchObject({ code });
});
