import { describe, expect, it } from 'vitest';
import { Identifier, type KnownLabel, type NameRules } from '../../../src/inbox/identify.js';

const LABELS: KnownLabel[] = [
  { camera: 'gate', labels: ['AMC0123/002'] },
  { camera: 'drive', labels: ['AMC0123', 'Front Door'] },
  { camera: 'tokyo', labels: ['far'], timezone: 'Asia/Tokyo' },
];
const identifier = (rules: Partial<NameRules> = {}) =>
  new Identifier({ layout: 'auto', timezone: 'Europe/Copenhagen', ...rules }, LABELS, 'unsorted');
const utc = (text: string) => Date.parse(`${text}Z`);

describe('whose a file is, and when it was recorded', () => {
  it.each([
    ['AMC0123/2026-05-03/002/dav/02/02.12.30-02.13.05[M][0@0][0].mp4', 'gate'],
    ['AMC0123/2026-05-03/001/dav/02/02.12.30-02.13.05[M][0@0][0].mp4', 'drive'],
    ['2026/05/03/front door_20260503021230.mp4', 'drive'],
    ['2026/05/03/Einfahrt Süd_20260503021230.mp4', 'einfahrt-sud'],
  ])('%s is of %s', (path, camera) => {
    const found = identifier().identify(path, utc('2026-05-03T12:00:00'));
    expect(found).toMatchObject({ camera, known: true, start: utc('2026-05-03T00:12:30') });
  });

  it('is told by the door before all else', () => {
    const found = identifier({ camera: 'shed' }).identify('front door_20260503021230.mp4', utc('2026-05-03T12:00:00'));
    expect(found).toMatchObject({ camera: 'shed', known: true });
  });

  it('is told by the door alone where nothing was said of names: no rule is missing, and the time is that of its arrival', () => {
    const came = utc('2026-05-03T12:00:00');
    const found = (rules: Partial<NameRules>, path = 'clip-0001.mp4') => identifier(rules).identify(path, came);
    const arrived = { camera: 'shed', start: came, dated: 'arrival' };
    expect(found({ camera: 'shed' })).toEqual({ ...arrived, known: true });
    // A layout that was asked for and does not fit, and a time that is not believed, are to be told of.
    expect(found({ camera: 'shed', layout: 'dahua' })).toEqual({ ...arrived, known: false });
    expect(found({ camera: 'shed' }, 'front_20260506021230.mp4')).toEqual({ ...arrived, known: false });
  });

  it('goes by the zone of its camera', () => {
    const found = identifier().identify('far_20260503021230.mp4', utc('2026-05-03T12:00:00'));
    expect(found.start).toBe(utc('2026-05-02T17:12:30'));
  });

  it('in the hour that is repeated, goes by when the file was written', () => {
    const name = 'front_20261025023000.mp4';
    const start = (written: string) => identifier().identify(name, utc(written)).start;
    expect(start('2026-10-25T00:35:00')).toBe(utc('2026-10-25T00:30:00'));
    expect(start('2026-10-25T01:35:00')).toBe(utc('2026-10-25T01:30:00'));
  });

  it.each([
    ['clip.mp4', 'unsorted'],
    ['front_20260506021230.mp4', 'front'],
    ['___20260503021230.mp4', 'unsorted'],
    ['index_20260503021230.mp4', 'unsorted'],
  ])('%s is told by when it came', (path, camera) => {
    const came = utc('2026-05-03T12:00:00');
    expect(identifier().identify(path, came)).toEqual({ camera, start: came, known: false, dated: 'arrival' });
  });
});
