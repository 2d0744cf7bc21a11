import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CHAIN_START } from '../../../src/archive/chain.js';
import { parseShard, serialiseEntry, serialiseShard } from '../../../src/archive/shard.js';
import type { Entry } from '../../../src/segment.js';
import { at, gap, off, segment, snapshot } from '../../simulators/entries.js';

const start = at('2026-05-03', '12:00');
const full = segment('gate', start + 7, start + 300_123, {
  crc64nvme: 'rosUhgp5mIg=',
  codecs: ['avc1.640028', 'mp4a.40.2'],
  width: 1920,
  height: 1080,
  run: 'f3a9',
  seq: 0,
  motion: [{ start: start + 1_000, end: start + 2_500, score: 0.5, kind: 'person', source: 'onvif/1' }],
});
const odd: Entry = {
  ...gap('gate', start, start),
  cause: 'stream-invalid',
  detail: 'a "quote"\nline \u2028 Ærø \ud800',
};

describe('index shards', () => {
  it('give back what was written', () => {
    const entries = [full, snapshot('gate', start), odd, off('gate', start, start + 1)];
    const { text, first, last } = serialiseShard(entries, { n: 41, prev: 'ab'.repeat(32) });
    expect([first, last]).toEqual([42, 45]);
    expect(parseShard('s', text)).toEqual({ entries, problems: [] });
  });

  it('are canonical: one field order, absent fields left out, nothing that is not specified', () => {
    const shuffled = Object.fromEntries(Object.entries(full).reverse()) as unknown as Entry;
    const line = serialiseEntry({ ...shuffled, ...{ crc64nvme: undefined, local: true } }, 1, CHAIN_START);
    const { crc64nvme: _, ...rest } = full;
    expect(line).toBe(serialiseEntry(rest, 1, CHAIN_START));
    expect(Object.keys(JSON.parse(line)).join(' ')).toBe(
      'n prev type camera kind key start end bytes sha256 codecs width height source run seq motion',
    );
    expect(line).toContain(
      '[{"start":"2026-05-03T12:00:01.000Z","end":"2026-05-03T12:00:02.500Z","score":0.5,"kind":"person","source":"onvif/1"}]',
    );
    expect(line).toContain('"start":"2026-05-03T12:00:00.007Z"');
  });

  it('chain each line to the bytes of the one before', () => {
    const { text, head } = serialiseShard([odd, full], { n: 0, prev: CHAIN_START });
    const [one, two] = text.trimEnd().split('\n') as [string, string];
    expect(JSON.parse(one)).toMatchObject({ n: 1, prev: CHAIN_START });
    expect(JSON.parse(two)).toMatchObject({ n: 2, prev: createHash('sha256').update(one).digest('hex') });
    expect(head).toBe(createHash('sha256').update(two).digest('hex'));
  });

  it('are read although a newer writer added fields, types, kinds and causes', () => {
    const { text } = serialiseShard([full, odd], { n: 0, prev: CHAIN_START });
    const newer = text
      .replaceAll('{"n":', '{"mood":{"of":["day"]},"n":')
      .replace('"continuous"', '"timelapse"')
      .replace('"stream-invalid"', '"eaten-by-mice"');
    const note = '{"n":3,"prev":"x","type":"note","text":"hello"}\n';
    const { entries, problems } = parseShard('s', newer + note);
    expect(problems).toEqual([]);
    expect(entries).toEqual([
      { ...full, kind: 'timelapse' },
      { ...odd, cause: 'eaten-by-mice' },
    ]);
  });

  const bad: [string, (line: string) => string, RegExp][] = [
    ['is not JSON', (line) => line.slice(0, -9), /not JSON/],
    ['is no object', () => '42', /no type/],
    ['is empty', () => '', /not JSON/],
    ['has no number', (line) => line.replace('"n":2,', ''), /n: /],
    ['has a hash that is none', (line) => line.replace(/"sha256":"./, '"sha256":"G'), /sha256: not 64 hex digits/],
    ['has a time of another form', (line) => line.replace('.007Z', 'Z'), /start: not a UTC time/],
    ['has a time that does not exist', (line) => line.replace('05-03T12:00', '02-30T12:00'), /start: not a UTC time/],
    ['ends before it starts', (line) => line.replace('"end":"2026', '"end":"2025'), /ends before it starts/],
    ['has a negative size', (line) => line.replace('"bytes":', '"bytes":-'), /bytes: /],
  ];
  it.each(bad)('lose only the line that %s, and say which', (_what, damage, message) => {
    const [one, two, three] = serialiseShard([odd, full, odd], { n: 0, prev: CHAIN_START }).text.split(
      '\n',
    ) as string[];
    const { entries, problems } = parseShard('12-000001.ndjson', `${one}\n${damage(two!)}\n${three}\n`);
    expect(entries).toEqual([odd, odd]);
    expect(problems).toEqual([{ shard: '12-000001.ndjson', line: 2, message: expect.stringMatching(message) }]);
  });
});
