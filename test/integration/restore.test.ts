import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { S3Thaw } from '../../lib/objects/s3-thaw.js';
import { planThaw, thawCost, untilThawed } from '../../src/archive/thaw.js';
import { command } from '../simulators/command.js';
import { at, segment } from '../simulators/entries.js';
import { FakeClock } from '../simulators/fake-clock.js';
import { ArchiveFolder } from '../simulators/folder-archive.js';

const DAY = '2026-05-03';
const film = (minute: number) =>
  segment('gate', at(DAY, `12:${minute}`), at(DAY, `12:${minute + 5}`), { bytes: 75_000_000 });
const [plain, cold, colder, thawing, lost] = [10, 20, 30, 40, 50].map(film);

describe('thawing', () => {
  /** As AWS documents HeadObject and RestoreObject: class, `x-amz-restore`, 202, 409 while it is under way. */
  const stored = new Map<string, { storage?: string; restore?: string }>([
    [plain!.key, {}],
    [cold!.key, { storage: 'GLACIER' }],
    [colder!.key, { storage: 'DEEP_ARCHIVE' }],
    [thawing!.key, { storage: 'GLACIER', restore: 'ongoing-request="true"' }],
  ]);
  const requests: string[] = [];
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url!, 'http://x');
    const object = stored.get(decodeURIComponent(pathname.slice('/bucket/some/'.length)));
    if (!object) return void response.writeHead(404).end();
    if (request.method === 'POST' && searchParams.has('restore')) {
      requests.push(await text(request));
      const isUnderWay = object.restore !== undefined;
      object.restore ??= 'ongoing-request="true"';
      if (!isUnderWay) return void response.writeHead(202).end();
      const body = '<Error><Code>RestoreAlreadyInProgress</Code><Message>under way</Message></Error>';
      return void response.writeHead(409, { 'content-type': 'application/xml' }).end(body);
    }
    response.writeHead(200, {
      'content-length': '1',
      ...(object.storage && { 'x-amz-storage-class': object.storage }),
      ...(object.restore && { 'x-amz-restore': object.restore }),
    });
    response.end();
  });
  let thaw: S3Thaw;
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const credentials = { accessKeyId: 'id', secretAccessKey: 'secret' };
    thaw = new S3Thaw({ bucket: 'bucket', prefix: 'some', region: 'us-east-1', endpoint, credentials });
  });
  afterAll(() => {
    thaw.close();
    server.close();
  });
  const files = [plain!, cold!, colder!, thawing!, lost!];

  it('tells what is frozen, what it costs and how long it takes', async () => {
    const plan = await planThaw(thaw, files);
    expect(plan).toEqual({
      frozen: [
        { key: cold!.key, bytes: 75_000_000, storage: 'GLACIER' },
        { key: colder!.key, bytes: 75_000_000, storage: 'DEEP_ARCHIVE' },
      ],
      ...{ thawing: 1, readable: 1, missing: [lost!.key] },
    });
    const cost = thawCost(plan, 'standard')!;
    expect(cost.hours).toBe(12);
    expect(cost.dollars).toBeCloseTo(0.075 * 0.01 + 0.00003 + 0.075 * 0.02 + 0.0001, 8);
    // Deep Archive has none.
    expect(thawCost(plan, 'expedited')).toBeUndefined();
    expect(requests).toEqual([]);
  });

  it('asks for each once more without harm, and waits until all can be read', async () => {
    for (const { key } of [cold!, colder!, cold!]) await thaw.request(key, 'bulk', 3);
    expect(requests).toHaveLength(3);
    expect(requests[0]).toMatch(/<Days>3<\/Days>.*<Tier>Bulk<\/Tier>/);
    const clock = new FakeClock();
    const left: number[] = [];
    const keys = [plain!, cold!, colder!, thawing!].map(({ key }) => key);
    const signal = new AbortController().signal;
    const onLeft = (count: number) => {
      left.push(count);
      // One is ready by the next look.
      const next = [...stored.values()].find(({ restore }) => restore?.includes('true'));
      if (next) next.restore = 'ongoing-request="false", expiry-date="Fri, 21 Dec 2029 00:00:00 GMT"';
    };
    let isOver = false;
    const waiting = untilThawed(thaw, keys, { clock, signal, onLeft }).finally(() => {
      isOver = true;
    });
    while (!isOver) {
      await new Promise((resolve) => setImmediate(resolve));
      await clock.advance(60_000);
    }
    await waiting;
    expect(left).toEqual([3, 2, 1, 0]);
  });

  it('is refused for what it cannot be', async () => {
    const archive = await ArchiveFolder.create();
    await archive.add([segment('gate', at(DAY, '12:00'), at(DAY, '12:05'))]);
    const ask = (...more: string[]) =>
      command(['restore', '--folder', archive.root, '--camera', 'gate', '--from', DAY, '--to', '2026-05-04', ...more]);
    expect(await ask()).toMatchObject({ exit: 2, stderr: expect.stringContaining('Nothing is frozen in a folder') });
    expect((await ask('--tier', 'warp')).stderr).toContain('expedited, standard, bulk');
    expect((await ask('--days', '0')).exit).toBe(2);
    await archive.dispose();
  });
});
