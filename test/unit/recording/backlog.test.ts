import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Backlog } from '../../../src/recording/segment-file.js';
import { FakeClock } from '../../simulators/fake-clock.js';

it('writes at once as long as the disk is quick, and leaves a slow one to others for a minute', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'backlog-'));
  const file = await open(join(dir, 'file'), 'wx');
  const clock = new FakeClock();
  const backlog = new Backlog(1_000, clock);
  const parts = [Buffer.from('one '), Buffer.from('two')];
  try {
    expect(backlog.writeAtOnce(file, parts, 0)).toBe(7);
    expect(await readFile(join(dir, 'file'), 'utf8')).toBe('one two');
    // As it looks when the next write takes its time.
    const monotonic = clock.monotonic.bind(clock);
    let calls = 0;
    clock.monotonic = () => monotonic() + (calls++ > 0 ? 101 : 0);
    expect(backlog.writeAtOnce(file, parts, 7)).toBe(7);
    clock.monotonic = monotonic;
    expect(backlog.writeAtOnce(file, parts, 14)).toBeUndefined();
    await clock.advance(60_102);
    expect(backlog.writeAtOnce(file, parts, 14)).toBe(7);
    expect(await readFile(join(dir, 'file'), 'utf8')).toBe('one twoone twoone two');
  } finally {
    await file.close();
    await rm(dir, { recursive: true });
  }
});
