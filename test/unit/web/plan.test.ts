import { describe, expect, it } from 'vitest';
import { type Clip, clipsOf, nextTarget, playable, seekTarget } from '../../../web/src/player/plan.js';

const clip = (start: number, end: number): Clip => ({
  type: 'segment',
  key: `home/front/${start}`,
  kind: 'continuous',
  camera: 'front',
  start,
  end,
  bytes: 1,
  sha256: '',
  source: 'rtsp',
});

// Three in a row (with the usual few milliseconds between), a gap of 15 s, one more.
const CLIPS = [clip(0, 10_000), clip(10_040, 20_000), clip(20_000, 30_000), clip(45_000, 55_000)];

describe('seekTarget', () => {
  it('finds the clip that shows a time', () => {
    expect(seekTarget(CLIPS, 12_345)).toEqual({ clip: CLIPS[1], time: 12_345 });
    expect(seekTarget(CLIPS, 20_000)?.clip).toBe(CLIPS[2]);
  });

  it('snaps from a gap to the next footage and says what was passed over', () => {
    expect(seekTarget(CLIPS, 31_000)).toEqual({ clip: CLIPS[3], time: 45_000, skipped: { from: 31_000, to: 45_000 } });
  });

  it('says nothing about the milliseconds between two files', () => {
    expect(seekTarget(CLIPS, 10_020)).toEqual({ clip: CLIPS[1], time: 10_040 });
  });

  it('has nowhere to go after the last footage', () => {
    expect(seekTarget(CLIPS, 55_000)).toBeUndefined();
    expect(seekTarget([], 0)).toBeUndefined();
  });

  it('goes back over a gap by what was left of the step', () => {
    // From 48 s ten back is 38 s, in the gap: three seconds were pictures, seven are left.
    expect(seekTarget(CLIPS, 38_000, 48_000)).toMatchObject({ clip: CLIPS[2], time: 23_000 });
  });

  it('does not go back further than the clip before the gap', () => {
    expect(seekTarget(CLIPS, 30_500, 90_500)).toMatchObject({ clip: CLIPS[2], time: 20_000 });
  });

  it('goes back to the very beginning where the step is longer than what lies before', () => {
    expect(seekTarget(CLIPS, -10, 2000)).toEqual({ clip: CLIPS[0], time: 0 });
    // Nothing lies that way.
    expect(seekTarget(CLIPS, -20, -10)).toBeUndefined();
  });

  it('prefers the recording that began last where two overlap', () => {
    const restarted = clip(8000, 18_000);
    expect(seekTarget([CLIPS[0]!, restarted], 9000)?.clip).toBe(restarted);
  });
});

describe('nextTarget', () => {
  it('goes on with the next file, silently', () => {
    expect(nextTarget(CLIPS, CLIPS[0]!)).toEqual({ clip: CLIPS[1], time: 10_040 });
    expect(nextTarget(CLIPS, CLIPS[1]!)).toEqual({ clip: CLIPS[2], time: 20_000 });
  });

  it('skips a gap and says so', () => {
    expect(nextTarget(CLIPS, CLIPS[2]!)).toEqual({
      clip: CLIPS[3],
      time: 45_000,
      skipped: { from: 30_000, to: 45_000 },
    });
  });

  it('goes on in the middle of a file that overlaps', () => {
    const overlapping = clip(8000, 18_000);
    expect(nextTarget([CLIPS[0]!, overlapping], CLIPS[0]!)).toEqual({ clip: overlapping, time: 10_000 });
  });

  it('never goes back to a file that ended earlier', () => {
    expect(nextTarget([clip(0, 9000), CLIPS[0]!], CLIPS[0]!)).toBeUndefined();
  });

  it('ends with the last', () => {
    expect(nextTarget(CLIPS, CLIPS[3]!)).toBeUndefined();
  });
});

describe('clipsOf', () => {
  it('takes an entry that two days list once, and only pictures that move', () => {
    const snapshot = { ...clip(5, 5), type: 'snapshot' as const, key: 'photo' };
    const gap = { type: 'gap' as const, camera: 'front', start: 1, end: 2, cause: 'silent' as const };
    const clips = clipsOf([CLIPS[1]!, CLIPS[0]!, CLIPS[1]!, snapshot, gap]);
    expect(clips.map((one) => one.start)).toEqual([0, 10_040]);
  });
});

describe('files that cannot be played', () => {
  const file = (key: string, start: number, end: number, codec: string): Clip => ({
    ...{ type: 'segment', key, kind: 'continuous', camera: 'front', start, end, bytes: 1, sha256: '', source: 'rtsp' },
    codecs: [codec],
  });
  const canPlay = ({ codecs }: Clip) => codecs![0]!.startsWith('avc1');

  it('give way to another file of the same time that can', () => {
    const [main, sub] = [file('main', 0, 10_000, 'hvc1.1'), file('sub', 500, 10_000, 'avc1.4')];
    expect(playable([main, sub], canPlay)).toEqual([sub]);
  });

  it('stay where there is no other', () => {
    const [main, sub] = [file('main', 0, 10_000, 'hvc1.1'), file('sub', 0, 5_000, 'avc1.4')];
    expect(playable([main, sub], canPlay)).toEqual([main, sub]);
  });
});
