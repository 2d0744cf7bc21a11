import { describe, expect, it } from 'vitest';
import { SAVED_QUERIES } from '../../cdk/catalog-queries.js';
import { COLUMNS, PARTITIONS } from '../../cdk/catalog-table.js';
import { serialiseEntry } from '../../src/archive/shard.js';
import { indexKey, type MediaEntry } from '../../src/segment.js';
import { example, synthesize } from './synthesized.js';

const catalog = () => synthesize(example('forty-sites')).template('Catalog');
const only = (type: string) => {
  const all = Object.values(catalog().findResources(type));
  expect(all).toHaveLength(1);
  return all[0]!.Properties;
};

describe('the catalogue', () => {
  it('finds each shard in the folder that its partition stands for', () => {
    const { Parameters, PartitionKeys } = only('AWS::Glue::Table').TableInput;
    expect(PartitionKeys.map(({ Name }: { Name: string }) => Name)).toEqual(PARTITIONS);
    const template: string = Parameters['storage.location.template']['Fn::Join'][1].at(-1);
    const values: Record<string, string> = { site: 'shop-07', camera: 'till', day: '2026/05/03' };
    const folder = template.replace(/\$\{(\w+)\}/g, (_, name: string) => values[name]!);
    const shard = indexKey('shop-07', 'till', Date.parse('2026-05-03T02:10:00Z'), 1);
    expect(`/${shard}`.slice(0, shard.lastIndexOf('/') + 2)).toBe(folder);
  });

  it('works folders out without a crawler: every site, every camera, every day until tomorrow', () => {
    const { Parameters } = only('AWS::Glue::Table').TableInput;
    expect(Parameters).toMatchObject({
      'projection.enabled': 'true',
      'projection.camera.values': 'door,stock,till,yard',
      'projection.day.format': 'yyyy/MM/dd',
      'projection.day.range': '2024/01/01,NOW+1DAYS',
    });
    expect(Parameters['projection.site.values'].split(',')).toHaveLength(40);
    catalog().resourceCountIs('AWS::Glue::Crawler', 0);
  });

  it('has a column for each field of an entry, and none that is a partition', () => {
    const entry: MediaEntry = {
      ...{ type: 'segment', camera: 'till', kind: 'continuous', start: 0, end: 1, bytes: 2 },
      key: 'shop-07/till/2026/05/03/till_20260503T021000Z_continuous.mp4',
      ...{ sha256: 'a', crc64nvme: 'b', codecs: ['c'], width: 1, height: 1, source: 'rtsp', run: 'r', seq: 0 },
    };
    const line = serialiseEntry(entry, 1, '0'.repeat(64));
    const names = COLUMNS.map(([name]) => name);
    const fields = [...Object.keys(JSON.parse(line)), 'cause', 'detail'].filter((name) => name !== 'camera');
    expect(names).toEqual(expect.arrayContaining(fields));
    expect(names.filter((name) => (PARTITIONS as readonly string[]).includes(name))).toEqual([]);
  });

  it('cancels a query that would read too much, whatever its owner sets', () => {
    expect(only('AWS::Athena::WorkGroup').WorkGroupConfiguration).toMatchObject({
      BytesScannedCutoffPerQuery: 50_000_000_000,
      EnforceWorkGroupConfiguration: true,
    });
  });

  it('brings its questions along, each about the days it names', () => {
    const queries = Object.values(catalog().findResources('AWS::Athena::NamedQuery')).map(
      ({ Properties }) => Properties,
    );
    expect(queries.map(({ Name }) => Name).sort()).toEqual(SAVED_QUERIES.map(({ name }) => name).sort());
    for (const { QueryString } of queries) {
      expect(QueryString).toContain('FROM fleet.entries');
      // Without a day, a query reads the whole index.
      expect(QueryString).toMatch(/WHERE day (=|>=|BETWEEN) /);
      expect(QueryString).toContain('"type" ');
    }
  });
});
