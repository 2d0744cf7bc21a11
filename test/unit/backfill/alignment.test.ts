import { describe, expect, it } from 'vitest';
import { Alignment, type Borders, hashOf } from '../../../src/backfill/alignment.js';

const FRAME_MS = 40;
const GOP = 25;
const START = Date.UTC(2026, 4, 3, 2, 10);
const END = START + 20_000;
const bytes = (name: string | number) => Buffer.from(`picture ${name}`);

/** What a camera plays whose clock is `offsetMs` ahead: pictures from before the gap to after it, by our time. */
function played(offsetMs: number, firstAt = START - 3_000, phase = 0) {
  return Array.from({ length: 700 }, (_, n) => {
    const at = firstAt + n * FRAME_MS + phase;
    return { at, key: n % GOP === 0, recordedMs: at + offsetMs, data: bytes(n) };
  });
}

/** Those that are taken, and how each was judged. */
function taken(alignment: Alignment, pictures: ReturnType<typeof played>) {
  const found: ReturnType<typeof played> = [];
  for (const picture of pictures) {
    const verdict = alignment.judge(picture);
    if (verdict === 'over') break;
    if (verdict === 'take') found.push(picture);
  }
  return found;
}

const known = (n: number, at: number) => ({ hash: hashOf(bytes(n)), at });

describe('what a camera recorded, between what we have', () => {
  it('is placed by the pictures on either side, however wrong its clock was read', () => {
    const pictures = played(90_000);
    // Keyframe 50 is 2 s after the first picture: 1 s before the gap. Keyframe 575 is the first after it.
    const borders: Borders = { start: START, end: END, before: known(50, START - 1_000), after: known(575, END) };
    for (const errorMs of [-700, 0, 700]) {
      const alignment = new Alignment(borders, 90_000 + errorMs);
      const found = taken(alignment, pictures);
      expect(found[0]!.at, String(errorMs)).toBe(START);
      expect(found.at(-1)!.at).toBe(END - FRAME_MS);
      expect(alignment.found).toEqual({ before: true, after: true });
      expect(alignment.place(found[0]!.recordedMs, found.at(-1)!.recordedMs + FRAME_MS)).toEqual({
        start: START,
        end: END,
      });
    }
  });

  it('ends with its last file where the gap does, and with no other', () => {
    const borders = { start: START, end: END, before: known(50, START - 1_000), after: known(575, END + 30) };
    const alignment = new Alignment(borders, 0);
    const found = taken(alignment, played(0));
    const cut = END - 900;
    expect(alignment.place(found[0]!.recordedMs, cut)).toEqual({ start: START, end: cut });
    expect(alignment.place(cut, found.at(-1)!.recordedMs + FRAME_MS)).toEqual({ start: cut, end: END });
  });

  it('begins with a keyframe, and leaves what is before it missing', () => {
    const borders = { start: START + 120, end: END, before: known(50, START - 1_000) };
    const [first] = taken(new Alignment(borders, 0), played(0));
    expect(first!.at).toBe(START + 1_000);
    expect(new Alignment(borders, 0).place(START + 1_000, START + 5_000)).toEqual({
      start: START + 1_000,
      end: START + 5_000,
    });
  });

  it('is placed by the clock where no picture is found again, and never beyond the gap', () => {
    const alignment = new Alignment({ start: START, end: END, before: { hash: 'other', at: START - 1_000 } }, 5_000);
    const found = taken(alignment, played(5_000, START - 3_000, 15));
    expect(found[0]!.at).toBe(START + 15);
    expect(found.at(-1)!.at).toBeLessThan(END);
    expect(alignment.found).toEqual({ before: false, after: false });
    expect(alignment.place(START + 5_000 - 400, END + 5_000 + 400)).toEqual({ start: START, end: END });
  });

  it('takes a picture for one it knows only near the time it knows it for', () => {
    const borders = { start: START, end: END, before: known(50, START - 8_000), after: known(300, END) };
    const alignment = new Alignment(borders, 0);
    const found = taken(alignment, played(0));
    expect([found[0]!.at, found.at(-1)!.at]).toEqual([START, END - FRAME_MS]);
    expect(alignment.found).toEqual({ before: false, after: false });
  });

  it('waits a little for the picture that comes first after the gap, where the camera has the same ones', () => {
    // Our own time of what follows is 200 ms early: by the clock alone, five pictures would be missing.
    const borders = { start: START, end: END - 200, before: known(50, START - 1_000), after: known(575, END - 200) };
    const found = taken(new Alignment(borders, 0), played(0));
    expect(found.at(-1)!.at).toBe(END - FRAME_MS);
  });
});
