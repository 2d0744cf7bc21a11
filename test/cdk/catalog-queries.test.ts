import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { SAVED_QUERIES } from '../../cdk/catalog-queries.js';
import { COLUMNS, PARTITIONS } from '../../cdk/catalog-table.js';
import { serialiseEntry } from '../../src/archive/shard.js';
import { dayOf, type Entry, type GapEntry, type MediaEntry, mediaKey } from '../../src/segment.js';

/** The saved queries on lines as recorders write them, in a database that is not Athena and has no mercy with SQL either. */

const TODAY = '2026-05-04';
const at = (text: string) => Date.parse(text);

type Row = Record<string, unknown>;

/** As the table sees an entry: its partition from the folder, its fields from the line, everything else left out. */
function row(site: string, entry: Entry, day = dayOf(entry.start)): Row {
  const fields = JSON.parse(serialiseEntry(entry, 1, '0'.repeat(64))) as Row;
  const columns = COLUMNS.map(([name]) => [name, Array.isArray(fields[name]) ? undefined : fields[name]]);
  return { ...Object.fromEntries(columns), site, camera: entry.camera, day: day.replaceAll('-', '/') };
}

const gap = (camera: string, start: string, end: string, cause: GapEntry['cause'] = 'unreachable'): GapEntry => ({
  ...{ type: 'gap', camera, start: at(start), end: at(end), cause },
});
const segment = (
  site: string,
  camera: string,
  start: string,
  kind: 'continuous' | 'motion',
  bytes = 1e9,
): MediaEntry => ({
  ...{ type: 'segment', kind, camera, start: at(start), end: at(start) + 300_000, bytes, sha256: 'a', source: 'rtsp' },
  key: mediaKey({ site, camera, start: at(start), kind }),
});
/** A daily signature lies in the same folder, and has none of an entry's fields. */
const signature = (site: string, camera: string, day: string): Row => ({ site, camera, day });

function ask(name: string, rows: readonly Row[]): Row[] {
  const query = SAVED_QUERIES.find((one) => one.name === name)!;
  const columns = [...COLUMNS.map(([column]) => column), ...PARTITIONS];
  const input = JSON.stringify({ sql: query.sql('fleet.entries'), rows, columns, today: TODAY });
  return JSON.parse(execFileSync('python3', ['test/cdk/athena.py'], { input, encoding: 'utf8' })) as Row[];
}

describe('Gaps per site yesterday', () => {
  it('adds up the gaps of that day by site, camera and cause, each once, the longest first', () => {
    const twice = gap('gate', '2026-05-03T02:15:00Z', '2026-05-03T02:16:00Z');
    const rows = [
      row('shop', twice),
      row('shop', twice),
      row('shop', gap('gate', '2026-05-03T09:00:00Z', '2026-05-03T09:00:30Z')),
      row('shop', gap('gate', '2026-05-03T10:00:00Z', '2026-05-03T10:00:05Z', 'silent')),
      row('bank', gap('safe', '2026-05-03T01:00:00Z', '2026-05-03T02:00:00Z')),
      // Of other days, and no gaps.
      row('shop', gap('gate', '2026-05-02T02:15:00Z', '2026-05-02T03:16:00Z')),
      row('shop', gap('gate', '2026-05-04T02:15:00Z', '2026-05-04T03:16:00Z')),
      row('shop', segment('shop', 'gate', '2026-05-03T12:00:00Z', 'continuous')),
      signature('shop', 'gate', '2026/05/03'),
    ];
    expect(ask('Gaps per site yesterday', rows)).toEqual([
      { site: 'bank', camera: 'safe', cause: 'unreachable', gaps: 1, seconds: 3_600 },
      { site: 'shop', camera: 'gate', cause: 'unreachable', gaps: 2, seconds: 90 },
      { site: 'shop', camera: 'gate', cause: 'silent', gaps: 1, seconds: 5 },
    ]);
  });
});

describe('Motion between two times', () => {
  it('finds what touches the time, of every site, and nothing that only recorded', () => {
    const inside = segment('shop', 'gate', '2026-05-03T02:20:00Z', 'motion');
    // Begins before, and reaches into it.
    const reaching = segment('bank', 'safe', '2026-05-03T02:06:00Z', 'motion');
    const rows = [
      row('shop', inside),
      row('shop', inside),
      row('bank', reaching),
      row('shop', segment('shop', 'gate', '2026-05-03T02:40:00Z', 'motion')),
      row('shop', segment('shop', 'gate', '2026-05-03T02:05:00Z', 'motion')),
      row('shop', segment('shop', 'gate', '2026-05-03T02:25:00Z', 'continuous')),
      signature('shop', 'gate', '2026/05/03'),
    ];
    expect(ask('Motion between two times', rows).map(({ key }) => key)).toEqual([reaching.key, inside.key]);
  });
});

describe('Storage per camera', () => {
  it('adds up files, bytes and hours of 30 days, each file once though it is listed in two days', () => {
    const late = segment('shop', 'gate', '2026-05-02T23:58:00Z', 'continuous', 3e9);
    const rows = [
      row('shop', late),
      row('shop', late, '2026-05-03'),
      row('shop', segment('shop', 'gate', '2026-05-03T02:00:00Z', 'continuous', 1e9)),
      row('shop', segment('shop', 'yard', '2026-05-03T02:00:00Z', 'continuous', 5e9)),
      row('shop', segment('shop', 'yard', '2026-04-01T02:00:00Z', 'continuous', 5e9)),
      row('shop', gap('gate', '2026-05-03T01:00:00Z', '2026-05-03T02:00:00Z')),
    ];
    const [first, second, ...others] = ask('Storage per camera', rows);
    expect(first).toEqual({ site: 'shop', camera: 'yard', files: 1, gb: 5, hours: expect.closeTo(300 / 3600, 6) });
    expect(second).toEqual({ site: 'shop', camera: 'gate', files: 2, gb: 4, hours: expect.closeTo(600 / 3600, 6) });
    expect(others).toEqual([]);
  });
});
