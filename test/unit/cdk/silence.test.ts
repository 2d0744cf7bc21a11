import { describe, expect, it } from 'vitest';
import { type ArchiveEvent, note } from '../../../cdk/handlers/arrivals.js';
import { check } from '../../../cdk/handlers/silence.js';
import type { WatchSettings } from '../../../cdk/handlers/watch-settings.js';
import { mediaKey } from '../../../src/segment.js';
import { MemoryWatchTable } from '../../simulators/memory-watch-table.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = Date.parse('2026-05-03T00:00:00Z');
const SEGMENT = 5 * MINUTE;

/** As EventBridge delivered it, but for the names. */
function objectCreated(key: string, at: number, size = 77_000_000): ArchiveEvent {
  return {
    version: '0',
    id: '17793124-05d4-b198-2fde-7ededc63b103',
    'detail-type': 'Object Created',
    source: 'aws.s3',
    account: '111122223333',
    time: new Date(at).toISOString().replace('.000Z', 'Z'),
    region: 'eu-west-1',
    resources: ['arn:aws:s3:::archive'],
    detail: {
      version: '0',
      bucket: { name: 'archive' },
      object: {
        key,
        size,
        etag: 'b1946ac92492d2347c6235b4d2611184',
        'version-id': 'IYV3p4',
        sequencer: '00617F08299329D189',
      },
      'request-id': 'N4N7GDK58NMKJ12R',
      requester: '123456789012',
      'source-ip-address': '1.2.3.4',
      reason: 'PutObject',
    },
  } as ArchiveEvent;
}

/** As the user guide has its fields. */
function uploadFailed(site: string, file: string, at: number): ArchiveEvent {
  return {
    version: '0',
    id: 'event-ID',
    'detail-type': 'SFTP Server File Upload Failed',
    source: 'aws.transfer',
    account: '958412138249',
    time: new Date(at).toISOString(),
    region: 'eu-west-1',
    resources: ['arn:aws:transfer:eu-west-1:958412138249:server/s-1111aaaa2222bbbb3'],
    detail: {
      'failure-code': 'PARTIAL_UPLOAD',
      'status-code': 'FAILED',
      protocol: 'SFTP',
      bytes: 4_097_152,
      'client-ip': '203.0.113.7',
      'failure-message': 'Connection lost before the file was closed',
      'end-timestamp': new Date(at).toISOString(),
      'file-path': `/archive/${site}/${file}`,
      'server-id': 's-1111aaaa2222bbbb3',
      username: site,
      'session-id': '140abcdef',
      'start-timestamp': new Date(at - MINUTE).toISOString(),
    },
  } as ArchiveEvent;
}

const settings = (sites: WatchSettings['sites'], others: Partial<WatchSettings> = {}): WatchSettings => ({
  ...{ sites, silentAfter: 3, remindMs: 24 * HOUR, siteMetrics: false },
  ...others,
});

/** A deployment in which time passes minute by minute, with a check at each. */
class Watched {
  readonly table = new MemoryWatchTable();
  readonly mails: { at: number; subject: string; text: string }[] = [];
  readonly lookups: string[] = [];
  /** What the bucket holds beyond the events. */
  readonly inBucket = new Map<string, number>();
  failing = false;
  now = START;
  counts: Awaited<ReturnType<typeof check>> | undefined;

  constructor(readonly settings: WatchSettings) {}

  arrive(site: string, camera: string, at = this.now): Promise<void> {
    return note(objectCreated(mediaKey({ site, camera, start: at - SEGMENT, kind: 'continuous' }), at), this.table);
  }

  /** Lets `minutes` pass; `each` says what arrives at a minute. */
  async pass(minutes: number, each: (minute: number) => Promise<void> | void = () => undefined): Promise<void> {
    for (let minute = 1; minute <= minutes; minute++) {
      this.now += MINUTE;
      await each(minute);
      await this.check();
    }
  }

  async check(): Promise<void> {
    this.counts = await check(this.now, {
      settings: this.settings,
      table: this.table,
      newest: async (site, camera) => {
        this.lookups.push(`${site}/${camera}`);
        return this.inBucket.get(`${site}/${camera}`);
      },
      tell: async (subject, text) => {
        if (this.failing) throw new Error('SNS is away');
        this.mails.push({ at: this.now, subject, text });
      },
    });
  }

  /** Minutes after the start at which something was told. */
  get toldAfter(): number[] {
    return this.mails.map(({ at }) => (at - START) / MINUTE);
  }
}

const home = () => new Watched(settings({ home: { everyMs: SEGMENT, cameras: { gate: SEGMENT, yard: SEGMENT } } }));
const every5 =
  (watched: Watched, ...cameras: string[]) =>
  async (minute: number) => {
    if (minute % 5 === 0) for (const camera of cameras) await watched.arrive('home', camera);
  };

describe('a camera', () => {
  it('that goes on sending is never told of', async () => {
    const watched = home();
    await watched.pass(300, every5(watched, 'gate', 'yard'));
    expect(watched.mails).toEqual([]);
    expect(watched.lookups).toEqual([]);
    expect(watched.counts).toMatchObject({ cameras: 2, silentCameras: 0, silentSites: 0 });
  });

  it('that falls silent is told of once three files are missing, and by name', async () => {
    const watched = home();
    await watched.pass(60, every5(watched, 'gate', 'yard'));
    await watched.pass(120, every5(watched, 'gate'));
    expect(watched.toldAfter).toEqual([75]);
    expect(watched.mails[0]!.subject).toBe('nvr-uplink: silent: home');
    expect(watched.mails[0]!.text).toBe('SILENT  home: yard (since 2026-05-03T01:00:00Z)\n');
    expect(watched.counts).toMatchObject({ silentCameras: 1, silentSites: 0, bySite: { home: 1 } });
  });

  it.each([2, 3, 6])('is told of within %i files and a minute, as configured', async (silentAfter) => {
    const watched = new Watched(settings({ home: { everyMs: SEGMENT, cameras: { gate: SEGMENT } } }, { silentAfter }));
    await watched.pass(30, every5(watched, 'gate'));
    await watched.pass(60);
    expect(watched.toldAfter).toEqual([30 + silentAfter * 5]);
  });

  it('is not told of for a reboot of its recorder', async () => {
    const watched = home();
    await watched.pass(60, every5(watched, 'gate', 'yard'));
    // Two minutes into a file the recorder starts again; it is back after three, and the next file ends at ten.
    await watched.pass(60, async (minute) => {
      if (minute >= 10) await every5(watched, 'gate', 'yard')(minute);
    });
    expect(watched.mails).toEqual([]);
  });

  it('that comes back is told of, once', async () => {
    const watched = home();
    await watched.pass(30, every5(watched, 'gate', 'yard'));
    await watched.pass(30, every5(watched, 'gate'));
    await watched.pass(60, every5(watched, 'gate', 'yard'));
    expect(watched.mails.map(({ text }) => text.split(':')[0])).toEqual(['SILENT  home', 'BACK    home']);
    expect(watched.mails[1]!.text).toBe('BACK    home: yard\n');
  });

  it('that stays silent is told of again each day', async () => {
    const watched = home();
    await watched.pass(30, every5(watched, 'gate', 'yard'));
    await watched.pass(3 * 24 * 60, every5(watched, 'gate'));
    expect(watched.toldAfter).toEqual([45, 45 + 1_440, 45 + 2 * 1_440]);
    // The bucket is asked when it is told of, not at each of 4,320 checks.
    expect(watched.lookups).toHaveLength(3);
  });

  it('that never sent is told of, too: it was expected', async () => {
    const watched = home();
    await watched.pass(60, every5(watched, 'gate'));
    // Waited for since the first check.
    expect(watched.toldAfter).toEqual([16]);
    expect(watched.mails[0]!.text).toContain('yard');
  });

  it('whose events got lost is found in the bucket, and not told of', async () => {
    const watched = home();
    await watched.pass(30, every5(watched, 'gate', 'yard'));
    await watched.pass(60, async (minute) => {
      await every5(watched, 'gate')(minute);
      if (minute % 5 === 0) watched.inBucket.set('home/yard', watched.now);
    });
    expect(watched.mails).toEqual([]);
    expect(watched.lookups).toContain('home/yard');
  });

  it('with a time of its own is given that time', async () => {
    const watched = new Watched(settings({ home: { everyMs: SEGMENT, cameras: { gate: SEGMENT, yard: HOUR } } }));
    await watched.pass(10, every5(watched, 'gate', 'yard'));
    await watched.pass(300, every5(watched, 'gate'));
    expect(watched.toldAfter).toEqual([10 + 180]);
  });

  it('is told of though the mail could not be sent at first', async () => {
    const watched = home();
    await watched.pass(30, every5(watched, 'gate', 'yard'));
    await watched.pass(14, every5(watched, 'gate'));
    watched.failing = true;
    watched.now += MINUTE;
    await watched.arrive('home', 'gate');
    await expect(watched.check()).rejects.toThrow('SNS is away');
    watched.failing = false;
    await watched.pass(1);
    expect(watched.toldAfter).toEqual([46]);
  });
});

describe('what is no sign of life', () => {
  it.each([
    ['an index shard', 'home/index/yard/2026/05/03/01-000001.ndjson', 800],
    ['an empty object', 'home/yard/2026/05/03/yard_20260503T010000Z_continuous.mp4', 0],
    ['a folder', 'home/yard/', 0],
    ['a file whose folders contradict its name', 'home/yard/2026/05/04/yard_20260503T010000Z_continuous.mp4', 9],
    ['something else', 'home/notes.txt', 12],
  ])('%s', async (_, key, size) => {
    const table = new MemoryWatchTable();
    await note(objectCreated(key, START, size), table);
    expect((await table.all()).cameras).toEqual([]);
  });

  it('what an NVR delivers is none: it comes when it pleases, and its absence wakes nobody', async () => {
    const table = new MemoryWatchTable();
    const key = mediaKey({ site: 'home', camera: 'yard', start: START, kind: 'inbox', extension: 'dav' });
    await note(objectCreated(key, START), table);
    expect((await table.all()).cameras).toEqual([]);
  });

  it('a picture, though, is one', async () => {
    const table = new MemoryWatchTable();
    await note(
      objectCreated(mediaKey({ site: 'home', camera: 'yard', start: START, kind: 'snapshot' }), START, 90_000),
      table,
    );
    expect((await table.all()).cameras).toEqual([{ site: 'home', camera: 'yard', lastSeen: START }]);
  });
});

describe('a site', () => {
  it('whose recorder was stolen is one line, whatever it had', async () => {
    const watched = home();
    await watched.pass(30, every5(watched, 'gate', 'yard'));
    await watched.pass(60);
    expect(watched.mails).toHaveLength(1);
    expect(watched.mails[0]!.text).toBe('SILENT  home: the whole site, nothing since 2026-05-03T00:30:00Z\n');
    expect(watched.counts).toMatchObject({ silentCameras: 2, silentSites: 1 });
  });

  it('that lists no cameras is watched for those that once sent', async () => {
    const watched = new Watched(settings({ home: { everyMs: SEGMENT } }));
    await watched.pass(60);
    expect(watched.mails).toEqual([]);
    await watched.pass(10, every5(watched, 'gate'));
    await watched.pass(30);
    expect(watched.toldAfter).toEqual([60 + 10 + 15]);
  });

  it('that is not in the deployment is none of its business', async () => {
    const watched = home();
    await watched.arrive('elsewhere', 'gate');
    await watched.pass(60, every5(watched, 'gate', 'yard'));
    expect(watched.mails).toEqual([]);
  });
});

describe('a thousand cameras', () => {
  it('that fall silent together are one mail, with a line for each site', async () => {
    const names = Array.from({ length: 25 }, (_, index) => `camera-${index + 1}`);
    const cameras = Object.fromEntries(names.map((name) => [name, SEGMENT]));
    const sites = Array.from({ length: 40 }, (_, index) => `shop-${index + 1}`);
    const watched = new Watched(
      settings(Object.fromEntries(sites.map((site) => [site, { everyMs: SEGMENT, cameras }]))),
    );
    for (const site of sites) for (const name of names) await watched.arrive(site, name);
    await watched.pass(20);
    expect(watched.mails).toHaveLength(1);
    expect(watched.mails[0]!.text.trim().split('\n')).toHaveLength(40);
    expect(watched.mails[0]!.subject).toBe('nvr-uplink: silent: 40 sites');
    // SNS takes messages of 256 KB.
    expect(watched.mails[0]!.text.length).toBeLessThan(256_000);
    expect(watched.counts).toMatchObject({ cameras: 1_000, silentCameras: 1_000, silentSites: 40 });
  });
});

describe('uploads that fail', () => {
  it('are told of together, at most once an hour, with the last one and why', async () => {
    const watched = home();
    await watched.pass(180, async (minute) => {
      await every5(watched, 'gate', 'yard')(minute);
      await note(uploadFailed('home', `gate/${minute}.mp4`, watched.now), watched.table);
    });
    expect(watched.toldAfter).toEqual([1, 61, 121]);
    expect(watched.mails[0]!.text).toBe(
      'FAILED  home: 1 upload, last /archive/home/gate/1.mp4 (PARTIAL_UPLOAD: Connection lost before the file was closed)\n',
    );
    expect(watched.mails[1]!.text).toContain('FAILED  home: 60 uploads, last /archive/home/gate/61.mp4');
  });
});

describe('the subject of a mail', () => {
  it('is ASCII, and never longer than SNS takes', async () => {
    const long = Array.from({ length: 4 }, (_, index) => `${'a'.repeat(60)}-${index}`);
    const watched = new Watched(
      settings(Object.fromEntries(long.map((site) => [site, { everyMs: SEGMENT, cameras: { gate: SEGMENT } }]))),
    );
    await watched.pass(20);
    expect(watched.mails[0]!.subject).toMatch(/^[\x20-\x7e]{1,100}$/);
  });
});
