import { describe, expect, it } from 'vitest';
import { deployment, example } from './synthesized.js';

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK0wmN/Cr3JXqmLW7u+g9pTh+wyqDHpSQEIQczXkVx9q recorder';

describe('a deployment', () => {
  it('needs no file: one site that uploads straight to S3, kept for ever', () => {
    const { name, sites, bucket, transfer, alarms, catalog } = deployment('');
    expect({ name, transfer, alarms, catalog }).toEqual({
      name: 'NvrUplink',
      transfer: undefined,
      alarms: undefined,
      catalog: undefined,
    });
    expect(bucket).toEqual({ keep_replaced: 30, encryption: 's3', tier: 'none' });
    expect(sites).toEqual([
      {
        name: 'home',
        cameras: undefined,
        everyMs: 300_000,
        transport: 's3',
        mode: 'dropbox',
        keys: [],
        allow: undefined,
      },
    ]);
  });

  it("reads the recorder's own file: its site, its cameras, and how often each sends", () => {
    const { sites } = deployment(`
site: shop
record: { segment: 10m }
snapshot: { every: 2h }
remotes: { aws: { type: sftp, password: '\${NOT_SET}' } }
cameras:
  till: { streams: { main: rtsp://a/ } }
  door: { record: { segment: 1m } }
  yard: { record: { mode: motion } }
  cellar: { record: { mode: off } }
  shop: { record: { schedule: 'mon-fri 08:00-18:00 off; sat motion; continuous' } }
`);
    expect(sites[0]!.name).toBe('shop');
    expect(sites[0]!.cameras).toEqual([
      { name: 'till', everyMs: 600_000 },
      { name: 'door', everyMs: 60_000 },
      { name: 'yard', everyMs: 7_200_000 },
      // Off for ten hours, and then a picture within two.
      { name: 'shop', everyMs: 12 * 3_600_000 },
    ]);
  });

  it('takes SFTP where there is an endpoint for it, and what a site says over it', () => {
    const sites = `sites: { aaa: { keys: [${KEY}] }, bbb: { transport: s3, expect: 1h, cameras: [gate] } }`;
    const [first, second] = deployment(`aws: { transfer: {} }\n${sites}`).sites;
    expect(first).toMatchObject({ transport: 'sftp', keys: [KEY], cameras: undefined });
    expect(second).toMatchObject({ transport: 's3', cameras: [{ name: 'gate', everyMs: 3_600_000 }] });
  });

  it('has the examples as they describe themselves', () => {
    expect(example('forty-sites').sites).toHaveLength(40);
    expect(example('two-cameras').sites[0]!.cameras!.map(({ name }) => name)).toEqual(['front', 'back']);
    expect(example('s3-only').transfer).toBeUndefined();
  });
});
