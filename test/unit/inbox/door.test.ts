import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { configSchema } from '../../../src/config/schema.js';
import { Inbox } from '../../../src/inbox/inbox.js';
import { inboxConditions, inboxStatus } from '../../../src/operate/inbox-status.js';
import { until } from '../../peers/until.js';
import { film } from '../../simulators/films.js';
import { Storage } from '../../simulators/storage.js';

const NAME = '2026/05/03/Gate_20260503115000.mp4';
const START = Date.UTC(2026, 4, 3, 11, 50);

let films: string;
let clip: Buffer;
let other: Buffer;
beforeAll(() => {
  films = mkdtempSync(join(tmpdir(), 'films-'));
  clip = readFileSync(film(films, 'clip.mp4'));
  other = readFileSync(film(films, 'other.mp4', 3));
});
afterAll(() => rmSync(films, { recursive: true }));

let storage: Storage;
let root: string;
let stop: AbortController;
let running: Promise<void>;
let inbox: Inbox;
beforeEach(() => {
  storage = new Storage();
  root = mkdtempSync(join(tmpdir(), 'delivered-'));
});
afterEach(async () => {
  await halt();
  storage.close();
  rmSync(root, { recursive: true, force: true });
});

async function halt(): Promise<void> {
  stop?.abort();
  await running;
}

/** Resolves when the first look is over. */
async function start(folder: object = {}, more: object = {}, alsoOffLimits: string[] = []): Promise<void> {
  const { inbox: config } = configSchema.parse({ inbox: { folders: { nvr: { path: root, ...folder } }, ...more } });
  const { spool, ledger, clock, log, layout } = storage;
  const folders = { ...layout.inbox, offLimits: [...layout.inbox.offLimits, ...alsoOffLimits] };
  inbox = new Inbox({ config: config!, timezone: 'UTC', folders, shelf: spool, minFreeBytes: 0, ledger, clock, log });
  stop = new AbortController();
  running = inbox.run(stop.signal);
  await until('the first look is over', () => clock.sleeping > 0);
}

function deliver(path: string, content: Buffer | string): string {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

/** Time passes, in steps in which the door looks. */
async function pass(ms: number): Promise<void> {
  const stepMs = Math.max(15_000, ms / 8);
  for (let passed = 0; passed < ms; passed += stepMs) await step(stepMs);
}

async function step(ms: number): Promise<void> {
  await storage.clock.advance(ms);
  await until('the look is over', () => storage.clock.sleeping > 0);
}

/** Time passes until something has happened. */
async function passUntil(what: string, holds: () => boolean): Promise<void> {
  for (let steps = 0; !holds(); steps++) {
    if (steps > 400) throw new Error(`in vain: ${what}`);
    await step(15_000);
  }
}

const storedFiles = (count: number) => passUntil(`${count} files are stored`, () => stored().length >= count);
const inQuarantine = () => readdirSync(storage.layout.quarantine);

const stored = (camera = 'gate') => storage.ledger.files.between(camera, START - 86_400_000, START + 86_400_000);
const bytesOf = (name: string) => readFileSync(join(storage.layout.ready, name));
const problems = () =>
  inboxConditions(inboxStatus(storage.ledger, storage.clock.now(), inbox.doors)).map(({ text }) => text);

describe('a file in a watched folder', () => {
  it('is copied into the spool as it is, with its camera, its time and its name, once', async () => {
    await start();
    const file = deliver(NAME, clip);
    await storedFiles(1);
    expect(stored()).toMatchObject([
      {
        key: 'home/gate/2026/05/03/gate_20260503T115000Z_inbox.mp4',
        ...{ kind: 'inbox', source: 'inbox', start: START, end: START + 2_000, state: 'ready' },
        ...{ original: `nvr/${NAME}`, dated: undefined, width: 160, height: 120 },
      },
    ]);
    expect(bytesOf(stored()[0]!.name)).toEqual(clip);
    expect(readFileSync(file)).toEqual(clip);
    await halt();
    await start();
    await pass(60_000);
    expect(stored()).toHaveLength(1);
    expect(problems()).toEqual([]);
  });

  it('is moved where that is wished, and the folder is empty', async () => {
    await start({ originals: 'remove' });
    const file = deliver(NAME, clip);
    await storedFiles(1);
    expect(readdirSync(dirname(file))).toEqual([]);
  });

  it('that is still written to is left alone', async () => {
    await start();
    for (let n = 1; n <= 5; n++) {
      deliver(NAME, clip.subarray(0, n * 1_000));
      await storage.clock.advance(8_000);
      await until('the look is over', () => storage.clock.sleeping > 0);
    }
    expect(stored()).toEqual([]);
    deliver(NAME, clip);
    await storedFiles(1);
    expect(bytesOf(stored()[0]!.name)).toEqual(clip);
  });

  it('whose writer pauses is waited for as long as it is not whole', async () => {
    await start({}, { patience: '30m' });
    deliver(NAME, clip.subarray(0, 2_000));
    await passUntil('it is seen', () => inbox.doors[0]!.unfinished > 0);
    await pass(10 * 60_000);
    expect(inbox.doors).toMatchObject([{ name: 'nvr', waiting: 1, unfinished: 1 }]);
    deliver(NAME, clip);
    await storedFiles(1);
    expect(bytesOf(stored()[0]!.name)).toEqual(clip);
  });

  it.each([
    ['cut off', () => clip.subarray(0, 2_000)],
    ['empty', () => Buffer.alloc(0)],
  ])('that stays %s is set aside and told of, not uploaded', async (_, content) => {
    await start({}, { patience: '2m' });
    deliver(NAME, content());
    await passUntil('it is set aside', () => inQuarantine().length > 0);
    await step(15_000);
    expect(stored()).toEqual([]);
    const [kept] = inQuarantine();
    expect(readFileSync(join(storage.layout.quarantine, kept!))).toEqual(content());
    expect(problems()).toEqual([
      expect.stringMatching(/a file came to the inbox damaged.*nvr\/2026.*Kept as .*quarantine/),
    ]);
    expect(storage.lines.some((line) => line.includes('not whole; set aside') && line.includes(kept!))).toBe(true);
    await pass(60_000);
    expect(inQuarantine()).toHaveLength(1);
  });

  it('that comes again under the same name with other content is kept beside the first', async () => {
    await start();
    deliver(NAME, clip);
    await storedFiles(1);
    deliver(NAME, other);
    await storedFiles(2);
    expect(
      stored()
        .map(({ name }) => bytesOf(name).length)
        .sort(),
    ).toEqual([clip.length, other.length].sort());
    expect(stored().map(({ key }) => key)).toEqual([
      'home/gate/2026/05/03/gate_20260503T115000Z_inbox.mp4',
      'home/gate/2026/05/03/gate_20260503T115000Z_inbox-2.mp4',
    ]);
  });

  it.each(['clip.tmp', 'clip.mp4.part', '.clip.mp4', 'clip.mp4_'])(
    'is not taken as %s before it has its name',
    async (early) => {
      await start();
      const file = deliver(`2026/05/03/${early}`, clip);
      await pass(10 * 60_000);
      expect(storage.ledger.cameras()).toEqual([]);
      renameSync(file, join(root, NAME));
      await pass(60_000);
      expect(stored()).toHaveLength(1);
    },
  );

  it('with a .done beside it is taken at once', async () => {
    await start({ originals: 'remove' }, { settle: '1h' });
    const file = deliver(NAME, clip);
    await pass(5 * 60_000);
    expect(stored()).toEqual([]);
    deliver(`${NAME}.done`, '');
    await storedFiles(1);
    expect(readdirSync(dirname(file))).toEqual([]);
  });

  it('whose name no rule knows is stored by when it came, and told of', async () => {
    await start({}, { catch_all: 'lost-and-found' });
    deliver('some/holiday film.mp4', clip);
    deliver('some/notes.xyz', 'whatever this is');
    await passUntil('both are stored', () => readdirSync(storage.layout.ready).length === 2);
    await step(15_000);
    expect(storage.ledger.cameras()).toEqual(['lost-and-found']);
    const all = readdirSync(storage.layout.ready);
    expect(all.map((name) => name.replace(/^.*_/, '')).sort()).toEqual(['inbox.bin', 'inbox.mp4']);
    for (const name of all)
      expect(storage.ledger.files.byName(name)).toMatchObject({ dated: 'arrival', camera: 'lost-and-found' });
    expect(problems()).toEqual([expect.stringMatching(/No rule knows the names of 2 files.*lost-and-found/)]);
  });

  it('of another format keeps its bytes and its ending', async () => {
    await start();
    const mkv = readFileSync(film(films, 'film.mkv'));
    const jpg = readFileSync(film(films, 'photo.jpg'));
    deliver('Gate_20260503115000.mkv', mkv);
    deliver('Gate_20260503115001.jpg', jpg);
    await storedFiles(2);
    expect(stored().map(({ name, kind }) => [name, kind])).toEqual([
      ['gate_20260503T115000Z_inbox.mkv', 'inbox'],
      ['gate_20260503T115001Z_snapshot.jpg', 'snapshot'],
    ]);
    expect(bytesOf('gate_20260503T115000Z_inbox.mkv')).toEqual(mkv);
    expect(bytesOf('gate_20260503T115001Z_snapshot.jpg')).toEqual(jpg);
  });
});

it('names of strangers do not command the terminal', async () => {
  await start({}, { patience: '2m' });
  deliver('evil\x1b[2J\u202e.mp4', '');
  await passUntil('it is set aside', () => inQuarantine().length > 0);
  await step(15_000);
  expect(problems()).toEqual([expect.stringContaining('nvr/evil\ufffd[2J\ufffd.mp4')]);
});

describe('a folder', () => {
  it('that is not there is told of, and looked for again', async () => {
    rmSync(root, { recursive: true });
    await start();
    expect(problems()).toEqual([expect.stringMatching(/cannot take in what comes to nvr: ENOENT/)]);
    deliver(NAME, clip);
    await storedFiles(1);
    await step(15_000);
    expect(problems()).toEqual([]);
  });

  it('that is a recorder’s own store is passed over, and said so', async () => {
    await start();
    deliver('datadir0/hiv00001.mp4', Buffer.alloc(1_000));
    await pass(60_000);
    expect([storage.ledger.cameras(), inQuarantine()]).toEqual([[], []]);
    expect(storage.lines.filter((line) => line.includes('the store a recorder keeps for itself'))).toHaveLength(1);
  });
});

describe('a kill', () => {
  it('between the commit and its note stores nothing twice', async () => {
    await start();
    deliver(NAME, clip);
    const { arrivals } = storage.ledger;
    const add = arrivals.add.bind(arrivals);
    arrivals.add = () => {
      throw new Error('killed');
    };
    await storedFiles(1);
    await step(15_000);
    arrivals.add = add;
    await halt();
    storage.restart();
    await start();
    await pass(60_000);
    expect(stored()).toHaveLength(1);
    expect(inboxStatus(storage.ledger, storage.clock.now(), []).stored24h).toBe(1);
  });

  it('with a file held for the spool has it taken in at the next start', async () => {
    deliver('2026/05/03/.Gate_20260503115000.mp4.0123456789ab.kept', clip);
    await start({ originals: 'remove' });
    await until('it is stored', () => stored().length === 1);
    expect(stored()[0]!.original).toBe(`nvr/${NAME}`);
    expect(existsSync(join(root, NAME))).toBe(false);
  });
});

describe("what is the recorder's own", () => {
  it('is not taken in, by whatever path the folder of the inbox leads there', async () => {
    const key = join(storage.root, 'identity.pem');
    writeFileSync(key, 'the signing key');
    const footage = join(storage.layout.ready, 'gate.mp4');
    writeFileSync(footage, clip);
    for (const lead of [storage.root, storage.layout.ready]) {
      const way = join(root, 'way');
      symlinkSync(lead, way);
      await start({ path: way, originals: 'remove' });
      await pass(7_200_000);
      expect(problems()).toEqual([
        expect.stringMatching(/takes? in what comes to nvr: .*way is a folder of the recorder's own/),
      ]);
      await halt();
      rmSync(way);
    }
    expect(readFileSync(key, 'utf8')).toBe('the signing key');
    expect(readFileSync(footage)).toEqual(clip);
    expect(inQuarantine()).toEqual([]);
  });

  it('is passed over where it is come upon on the way down; what lies beside it is taken in', async () => {
    // As through a bind mount: the path that is looked at is not the one that is off limits, the folder is.
    mkdirSync(join(root, 'mounted'));
    deliver('mounted/deep/Gate_20260503114000.mp4', other);
    const byAnotherPath = join(storage.root, 'link');
    symlinkSync(join(root, 'mounted'), byAnotherPath);
    deliver(NAME, clip);
    await start({ originals: 'remove' }, {}, [byAnotherPath]);
    await storedFiles(1);
    await pass(60_000);
    expect(stored().map(({ original }) => original)).toEqual([`nvr/${NAME}`]);
    expect(existsSync(join(root, 'mounted/deep/Gate_20260503114000.mp4'))).toBe(true);
    expect(problems()).toEqual([expect.stringMatching(/mounted is a folder of the recorder's own, and passed over/)]);
  });
});
