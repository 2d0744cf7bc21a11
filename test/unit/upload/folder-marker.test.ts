import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../lib/clock.js';
import type { Failure } from '../../../lib/errors.js';
import { FolderReader } from '../../../lib/objects/folder-reader.js';
import { FOLDER_MARKER } from '../../../lib/remote/folder-marker.js';
import type { Remote } from '../../../lib/remote/remote.js';
import { folderMemory } from '../../../src/ledger/folder-memory.js';
import { Ledger } from '../../../src/ledger/ledger.js';
import { connectRemote } from '../../../src/upload/connect.js';
import { newFile } from '../../simulators/storage.js';

const disks = vi.hoisted(() => ({ haveLinks: true }));
vi.mock('node:fs/promises', async (load) => {
  const real = await load<typeof import('node:fs/promises')>();
  const link: typeof real.link = async (...of) => {
    if (!disks.haveLinks) throw Object.assign(new Error('EPERM: link'), { code: 'EPERM' });
    await real.link(...of);
  };
  return { ...real, link };
});

const signal = new AbortController().signal;
const pin = { pin: () => undefined, setPin: () => undefined };

let dir: string;
let nas: string;
let disk: string;
let film: string;
let ledger: Ledger;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'marker-'));
  [nas, disk, film] = [join(dir, 'nas'), join(dir, 'disk'), join(dir, 'film')];
  mkdirSync(nas);
  writeFileSync(film, 'film');
  ledger = new Ledger(join(dir, 'ledger.db'));
});
afterEach(() => {
  ledger.close();
  rmSync(dir, { recursive: true });
});

/** As it is made anew at each start. */
const remote = (path = nas): Promise<Remote> =>
  connectRemote(
    'nas',
    { type: 'folder', path },
    { ...pin, folder: (...of) => folderMemory(ledger, ...of) },
    systemClock,
  );
const put = async (key: string, path = nas) => await (await remote(path)).put(key, film, signal);
const refusal = async (work: Promise<unknown>) => (await work.catch((error) => error)) as Failure;

/** What `umount` leaves: the empty folder below. */
function unmount(): void {
  renameSync(nas, disk);
  mkdirSync(nas);
}

function delivered(key: string): void {
  const id = ledger.files.begin({ ...newFile(0), key });
  ledger.files.setState(id, 'ready');
  ledger.deliveries.add(id, ['nas']);
  ledger.deliveries.verified(id, 'nas', 0, 'stat');
}

describe('a folder remote', () => {
  it('never fills the folder below, and goes on once its disk is back', async () => {
    await put('home/one');
    unmount();
    const failure = await refusal(put('home/two'));
    expect(failure).toMatchObject({ code: 'unreachable', kind: 'transient' });
    expect(failure.message).toContain(nas);
    for (const ask of [(of: Remote): Promise<unknown> => of.stat('home/one', signal), listed])
      expect(await refusal(remote().then(ask))).toMatchObject({ code: 'unreachable' });
    expect(readdirSync(nas)).toEqual([]);
    rmSync(nas, { recursive: true });
    renameSync(disk, nas);
    await put('home/two');
    expect(readdirSync(join(nas, 'home')).sort()).toEqual(['one', 'two']);
  });

  it('gives no receipt where the disk went while a file was written', async () => {
    await put('home/one');
    const open = await remote();
    const going = (acknowledged: number) => {
      if (acknowledged > 0 && !existsSync(disk)) {
        renameSync(nas, disk);
        mkdirSync(join(nas, 'home'), { recursive: true });
        // What was written goes with the folder below, so that nothing but its name tells.
        for (const name of readdirSync(join(disk, 'home')))
          renameSync(join(disk, 'home', name), join(nas, 'home', name));
      }
    };
    expect(await refusal(open.put('home/two', film, signal, going))).toMatchObject({ code: 'unreachable' });
  });

  it('tells another disk from its own, and what to write there to use it all the same', async () => {
    await put('home/one');
    const id = readFileSync(join(nas, FOLDER_MARKER), 'utf8').trim();
    unmount();
    writeFileSync(join(nas, FOLDER_MARKER), 'another\n');
    const failure = await refusal(put('home/two'));
    expect(failure.hint).toContain(`printf %s ${id} > '${join(nas, FOLDER_MARKER)}'`);
    writeFileSync(join(nas, FOLDER_MARKER), id);
    await put('home/two');
  });

  it('takes a copy of its disk, and a folder at another path, without fuss', async () => {
    await put('home/one');
    delivered('home/one');
    renameSync(nas, disk);
    cpSync(disk, nas, { recursive: true });
    await put('home/two');
    await put('home/two', disk);
  });

  it('takes over what an older version delivered to, if that is there; an empty folder only when told to', async () => {
    delivered('home/one');
    const failure = await refusal(put('home/two'));
    expect(failure).toMatchObject({ code: 'unreachable' });
    expect(failure.message).toContain('home/one');
    expect(failure.hint).toMatch(/or a new one for it: printf %s [0-9a-f-]{36} > '/);
    expect(readdirSync(nas)).toEqual([]);
    mkdirSync(dirname(join(nas, 'home/one')));
    writeFileSync(join(nas, 'home/one'), 'film');
    await put('home/two');
    expect(existsSync(join(nas, FOLDER_MARKER))).toBe(true);
  });

  it('believes the marker of a folder that only a lost ledger knew', async () => {
    await put('home/one');
    const marker = readFileSync(join(nas, FOLDER_MARKER), 'utf8');
    ledger.close();
    rmSync(join(dir, 'ledger.db'));
    ledger = new Ledger(join(dir, 'ledger.db'));
    await put('home/two');
    expect(readFileSync(join(nas, FOLDER_MARKER), 'utf8')).toBe(marker);
  });

  it('has one marker, whichever of two recorders was first', async () => {
    const other = new Ledger(join(dir, 'other.db'));
    const folder = (name: string, path: string) => folderMemory(other, name, path);
    const second = await connectRemote('b', { type: 'folder', path: nas }, { ...pin, folder }, systemClock);
    await Promise.all([put('home/one'), second.put('shop/one', film, signal)]);
    await Promise.all([put('home/two'), second.put('shop/two', film, signal)]);
    other.close();
  });

  it('shows its marker to nobody', async () => {
    await put('home/one');
    expect(await listed(await remote())).toEqual(['home/one']);
    const reader = new FolderReader(nas);
    expect(await reader.names('')).toEqual(['home']);
    for await (const { key } of reader.list('')) expect(key).toBe('home/one');
  });
});

async function listed(of: Remote): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of of.list('', signal)) keys.push(key);
  return keys;
}

it('a disk that knows no links, as FAT, is marked and written to', async () => {
  disks.haveLinks = false;
  try {
    await put('home/one.mp4');
  } finally {
    disks.haveLinks = true;
  }
  expect(readFileSync(join(nas, FOLDER_MARKER), 'utf8').trim()).toBe(folderMemory(ledger, 'nas', nas).id());
  unmount();
  const { code, hint } = await refusal(put('home/two.mp4'));
  expect(code).toBe('unreachable');
  expect(hint).toContain(`> '${join(nas, FOLDER_MARKER)}'`);
});
