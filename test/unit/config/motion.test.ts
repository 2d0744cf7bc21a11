import { describe, expect, it } from 'vitest';
import { analysisOf, sourcesOf } from '../../../src/config/motion.js';
import { configSchema } from '../../../src/config/schema.js';

const main = 'rtsp://10.0.0.7/1';
const sub = 'rtsp://10.0.0.7/2';

describe('what notices motion before a camera', () => {
  it('is what it has, where nothing else is said', () => {
    expect(sourcesOf({ address: '10.0.0.7' }, {}, false)).toEqual(['onvif', 'external']);
    expect(sourcesOf({ streams: { sub } }, {}, false)).toEqual(['external']);
    expect(sourcesOf({ streams: { sub } }, {}, true)).toEqual(['analysis', 'external']);
    expect(sourcesOf({ streams: {} }, { sources: ['onvif', 'analysis'] }, true)).toEqual([]);
    expect(sourcesOf({ address: 'x', motion: { sources: ['external'] } }, { sources: ['onvif'] }, true)).toEqual([
      'external',
    ]);
  });

  it.each([
    ['mode: motion, and no small stream', { record: { mode: 'motion' } }, false],
    ['motion by schedule', { record: { schedule: 'mon-fri motion; continuous' } }, false],
    ['motion that others tell of', { record: { mode: 'motion' }, motion: { sources: ['external'] } }, true],
    ['continuous', {}, true],
  ])('is asked for where only motion is recorded: %s', (_what, more, isFine) => {
    const { error } = configSchema.safeParse({ cameras: { gate: { streams: { main }, ...more } } });
    expect(error?.issues.map(({ path }) => path.join('.'))).toEqual(isFine ? undefined : ['cameras.gate']);
    if (!isFine) expect(error!.issues[0]!.message).toContain('streams: { sub: rtsp://… }');
  });
});

describe('what our own analysis is told', () => {
  const parse = (motion: object, site: object = {}) =>
    configSchema.safeParse({ motion: site, cameras: { gate: { streams: { main, sub }, motion } } });
  const door = [
    [0.1, 0.2],
    [0.5, 0.2],
    [0.5, 1],
  ];

  it("is the camera's own, else the site's", () => {
    const { data } = parse(
      { sensitivity: 70, zones: [{ include: door }, { exclude: door }] },
      { min_size: 0.5, sensitivity: 20 },
    );
    expect(analysisOf(data!.motion, data!.cameras.gate!.motion)).toEqual({
      ...{ sensitivity: 70, minArea: 0.005, minDurationMs: 200 },
      zones: [
        { kind: 'include', corners: door },
        { kind: 'exclude', corners: door },
      ],
    });
    expect(analysisOf(data!.motion).sensitivity).toBe(20);
  });

  it.each([
    ['a sensitivity', { sensitivity: 0 }, 'sensitivity'],
    ['a size', { min_size: 80 }, 'min_size'],
    ['a duration', { min_duration: '1m' }, 'min_duration'],
    ['a zone of two corners', { zones: [{ include: door.slice(0, 2) }] }, 'zones.0'],
    [
      'a zone in pixels',
      {
        zones: [
          {
            exclude: [
              [10, 20],
              [300, 20],
              [300, 200],
            ],
          },
        ],
      },
      'zones.0',
    ],
    ['a zone of neither kind', { zones: [door] }, 'zones.0'],
  ])('refuses %s that makes no sense', (_what, motion, field) => {
    expect(parse(motion).error?.issues[0]?.path.join('.')).toContain(`cameras.gate.motion.${field}`);
  });
});
