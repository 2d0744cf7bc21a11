import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../peers/until.js';
import { film } from '../simulators/films.js';
import type { InboxSite } from '../simulators/inbox-site.js';

/** How a test brings files through a way into the inbox. */
export interface DoorUnderTest {
  open(): Promise<InboxSite>;
  deliver(site: InboxSite, path: string, content: Buffer): Promise<void>;
  rename(site: InboxSite, from: string, to: string): Promise<void>;
}

/** What every way into the inbox promises. */
export function doorContract(name: string, door: DoorUnderTest): void {
  describe(`what comes through ${name}`, () => {
    let films: string;
    let clip: Buffer;
    let other: Buffer;
    let site: InboxSite;
    beforeAll(() => {
      films = mkdtempSync(join(tmpdir(), 'films-'));
      clip = readFileSync(film(films, 'clip.mp4'));
      other = readFileSync(film(films, 'other.mp4', 3));
    });
    afterAll(() => rmSync(films, { recursive: true }));
    beforeEach(async () => {
      site = await door.open();
    });
    afterEach(() => site.close());

    const stored = (count: number) => until(`${count} files are stored`, () => site.stored.size === count);
    const PATH = '2026/05/03/Front Door_20260503021230.mp4';

    it('is stored as it is, with camera, time and original name, and gone from there', async () => {
      await door.deliver(site, PATH, clip);
      await stored(1);
      expect(site.stored.get('front-door_20260503T021230Z_inbox.mp4')).toEqual(clip);
      expect(site.ledger.files.byName('front-door_20260503T021230Z_inbox.mp4')).toMatchObject({
        ...{ kind: 'inbox', source: 'inbox', original: expect.stringMatching(/nvr\/2026\/05\/03\/Front Door_2026/) },
      });
      expect(site.problems).toEqual([]);
    });

    it('under any name is kept: brackets, blanks, accents and other scripts', async () => {
      const paths = [
        'AMC 1/2026-05-03/001/dav/02/02.12.30-02.12.32[M][0@0][0].mp4',
        'Einfahrt Süd_20260503021300.mp4',
        '门_20260503021400.mp4',
      ];
      for (const path of paths) await door.deliver(site, path, clip);
      await stored(3);
      expect([...site.stored.keys()]).toEqual([
        'amc-1-001_20260503T021230Z_inbox.mp4',
        'einfahrt-sud_20260503T021300Z_inbox.mp4',
        expect.stringMatching(/^unsorted_.*_inbox\.mp4$/),
      ]);
    });

    it.each([
      ['cut off', (whole: Buffer) => whole.subarray(0, whole.length - 500)],
      ['empty', () => Buffer.alloc(0)],
    ])('%s is set aside and told of, neither discarded nor uploaded', async (_, part) => {
      await door.deliver(site, PATH, part(clip));
      await until('it is set aside', () => site.setAside.length === 1);
      await until('that is told', () => site.problems.length === 1);
      expect(site.setAside).toEqual([part(clip)]);
      expect([...site.stored.keys()]).toEqual([]);
      expect(site.problems[0]).toMatch(/damaged, and not uploaded.*Front Door/);
    });

    it('twice under one name is kept twice', async () => {
      await door.deliver(site, PATH, clip);
      await stored(1);
      await door.deliver(site, PATH, other);
      await stored(2);
      expect([...site.stored]).toEqual([
        ['front-door_20260503T021230Z_inbox-2.mp4', other],
        ['front-door_20260503T021230Z_inbox.mp4', clip],
      ]);
    });

    it('under a temporary name waits for its own', async () => {
      await door.deliver(site, `${PATH}.tmp`, clip);
      // Another that came later is stored first.
      await door.deliver(site, 'yard_20260503021300.mp4', clip);
      await stored(1);
      expect([...site.stored.keys()]).toEqual(['yard_20260503T021300Z_inbox.mp4']);
      await door.rename(site, `${PATH}.tmp`, PATH);
      await stored(2);
      expect(site.stored.get('front-door_20260503T021230Z_inbox.mp4')).toEqual(clip);
    });
  });
}
