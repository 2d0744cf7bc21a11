import { readdir } from 'node:fs/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { SftpRemote } from '../../lib/remote/sftp.js';
import { Throttle } from '../../lib/remote/throttle.js';
import type { FileRow } from '../../src/ledger/files.js';
import { Retention } from '../../src/spool/retain.js';
import { Uploader } from '../../src/upload/uploader.js';
import { until } from '../peers/until.js';
import { EndpointUnderTest, PASSWORD } from '../simulators/endpoint-under-test.js';
import { MINUTE, Storage } from '../simulators/storage.js';

/**
 * A server that publishes what it had of an upload that failed *late*, over the one that was stored and proven since, as Transfer
 * Family may: the local copy must still be there then, although the policy frees everything at once (I1).
 */
const SETTLE_MS = 15 * MINUTE;
const CONTENT = 'x'.repeat(3_000_000);

let storage: Storage;
let under: EndpointUnderTest;
let stop: AbortController;
let running: Promise<void> = Promise.resolve();

beforeEach(async () => {
  storage = new Storage(['far']);
  under = await EndpointUnderTest.start();
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await running;
  under.faults.set({});
  await under.remove();
  storage.close();
});

function start(): void {
  const { spool, ledger, clock, log, layout } = storage;
  const { host, port } = under.endpoint.address;
  const account = { host, port, username: 'site', password: PASSWORD, hostKeys: [under.endpoint.fingerprint] };
  stop = new AbortController();
  running = new Uploader({
    ...{ remoteName: 'far', remote: new SftpRemote(account), ledger, clock, log, parallel: 1, deadlineMs: 60_000 },
    outbox: {
      folder: layout.ready,
      moveToSent: (name: string) => spool.moveToSent(name),
      rekey: (file: FileRow) => spool.rekey(file),
    },
    line: { closed: () => undefined },
    throttle: new Throttle(clock, () => Number.POSITIVE_INFINITY),
  }).run(stop.signal);
}

async function failOnce(): Promise<void> {
  under.faults.set({ dropAfterBytes: 1_000_000, holdPartials: true });
  start();
  await until('an upload that was cut off', () => storage.lines.some((line) => line.includes('upload failed')));
  under.faults.set({ holdPartials: true });
}

const uploads = () => under.events.filter(({ type }) => type === 'uploaded').length;
const delivered = (times: number) =>
  until(`${times} uploads`, async () => {
    await storage.clock.advance(10_000);
    return storage.lines.filter((line) => line.includes('"delivered"')).length >= times;
  });
const stored = async (file: FileRow) => String(await under.stored(`site-a/${file.key}`)).length;
const freed = () => {
  const { spool, ledger, clock, log } = storage;
  return new Retention(spool, ledger, { keepMs: 0, minFreeBytes: Number.MAX_SAFE_INTEGER }, clock, log).freeOnce();
};

it.each(['in the same run', 'in an earlier run'])(
  'a failed upload %s: its part comes late, and the file is sent again',
  async (when) => {
    const file = await storage.commit({}, CONTENT);
    await failOnce();
    if (when === 'in an earlier run') {
      stop.abort();
      await running;
      storage.restart();
      start();
    }
    await delivered(1);
    expect(await stored(file)).toBe(CONTENT.length);
    // It was proven, and counts for nothing yet.
    expect(storage.ledger.deliveries.outstanding(file.id)).toEqual(['far']);
    await storage.clock.advance(SETTLE_MS - MINUTE);
    expect(await freed()).toBe(0);

    under.faults.set({});
    await under.event('partial-upload');
    expect(await stored(file)).toBeLessThan(CONTENT.length);
    await delivered(2);
    expect(await stored(file)).toBe(CONTENT.length);
    expect(await freed()).toBe(0);
    expect(storage.lines.some((line) => line.includes('damaged by an upload that failed'))).toBe(true);

    await until('the second look', async () => {
      await storage.clock.advance(MINUTE);
      return (await readdir(storage.layout.sent)).includes(file.name);
    });
    expect(storage.ledger.files.byId(file.id)?.crc64nvme).toBeDefined();
    await storage.clock.advance(1);
    expect(await freed()).toBe(1);
    expect(uploads()).toBe(2);
    expect(await stored(file)).toBe(CONTENT.length);
    expect(await readdir(storage.layout.ready)).toEqual([]);
  },
);

it('a file that went at its first attempt counts at once', async () => {
  const file = await storage.commit({}, CONTENT);
  start();
  await until('it is put away', async () => (await readdir(storage.layout.sent)).includes(file.name));
  expect(uploads()).toBe(1);
});
