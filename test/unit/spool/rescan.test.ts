import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { asideName } from '../../../lib/files.js';
import { rescan } from '../../../src/spool/rescan.js';
import { type Clip, makeClip } from '../../simulators/clip.js';
import { MINUTE, NOON, Storage } from '../../simulators/storage.js';

let clip: Clip;
let storage: Storage;
beforeAll(async () => {
  clip = await makeClip();
});
afterAll(() => clip.remove());
beforeEach(() => {
  storage = new Storage();
});
afterEach(() => storage.close());

const again = () => rescan(storage.spool, storage.ledger, storage.log);
const lying = (folder: 'ready' | 'sent' | 'quarantine') => readdir(storage.layout[folder]);
const nothing = { adopted: 0, quarantined: 0, moved: 0, lost: 0 };

describe('a rescan', () => {
  it('changes nothing where disk and ledger agree', async () => {
    const sent = await storage.commit();
    await storage.commit({ start: NOON + MINUTE });
    storage.deliver(sent.id);
    await storage.spool.moveToSent(sent.name);
    await writeFile(asideName(join(storage.layout.ready, 'x.mp4')), 'being written');
    expect(await again()).toEqual(nothing);
  });

  it('adopts footage the ledger does not know, as long as it is', async () => {
    await writeFile(join(storage.layout.ready, 'gate_20260503T120000Z_continuous-2.mp4'), await readFile(clip.sealed));
    await writeFile(join(storage.layout.ready, 'gate_20260503T120001Z_snapshot.jpg'), 'picture');
    storage.ledger.gaps.open('gate', NOON, 'recorder-crashed');
    expect(await again()).toEqual({ ...nothing, adopted: 2 });
    const file = storage.ledger.files.byName('gate_20260503T120000Z_continuous-2.mp4')!;
    expect(file).toMatchObject({ state: 'ready', start: NOON, source: 'adopted', camera: 'gate' });
    expect(file.key).toBe('home/gate/2026/05/03/gate_20260503T120000Z_continuous-2.mp4');
    expect(Math.abs(file.end - NOON - clip.durationMs)).toBeLessThan(200);
    expect(storage.ledger.deliveries.outstanding(file.id)).toEqual(['far']);
    expect(storage.ledger.gaps.current('gate')!.start).toBe(file.end);
    expect(await again()).toEqual(nothing);
  });

  it.each([
    ['has a name of its own', 'holiday.mp4', 'whatever'],
    ['cannot be played', 'gate_20260503T120000Z_continuous.mp4', 'no film at all'],
  ])('sets aside what %s, and keeps it', async (_, name, content) => {
    await writeFile(join(storage.layout.ready, name), content);
    expect(await again()).toEqual({ ...nothing, quarantined: 1 });
    expect(await lying('ready')).toEqual([]);
    const [kept] = await lying('quarantine');
    expect(await readFile(join(storage.layout.quarantine, kept!), 'utf8')).toBe(content);
  });

  it('says that a file is lost, with a gap, and gives up sending it', async () => {
    const file = await storage.commit();
    storage.ledger.deliveries.postponed(file.id, 'far', 0, 'no such file');
    await rm(join(storage.layout.ready, file.name));
    expect(await again()).toEqual({ ...nothing, lost: 1 });
    expect(storage.ledger.files.byId(file.id)!.state).toBe('lost');
    const [gap] = storage.ledger.gaps.between('gate', 0, NOON * 2);
    expect(gap).toMatchObject({ start: NOON, end: NOON + MINUTE, cause: 'file-lost', detail: file.key });
    expect(storage.lines.join()).toContain('vanished');
    // What can never be sent must not look like a remote that fails.
    expect(storage.ledger.deliveries.lastError('far')).toBeUndefined();
    expect(await again()).toEqual(nothing);
  });

  it('says of a file that one remote has that a mirror is lost, not footage, and owes it to the others if it comes back', async () => {
    storage.close();
    storage = new Storage(['far', 'near']);
    const file = await storage.commit();
    storage.ledger.deliveries.verified(file.id, 'near', NOON, 'stat');
    const path = join(storage.layout.ready, file.name);
    await rename(path, join(storage.root, 'elsewhere'));
    expect(await again()).toEqual(nothing);
    expect(storage.ledger.gaps.between('gate', 0, NOON * 2)).toEqual([]);
    expect(storage.ledger.chains.pending('gate', 10).map(({ id }) => id)).toEqual([`file:${file.id}`]);
    expect(storage.lines.join()).toContain('a loss of a mirror, not of footage');
    await rename(join(storage.root, 'elsewhere'), path);
    expect(await again()).toEqual({ ...nothing, adopted: 1 });
    expect(storage.ledger.deliveries.outstanding(file.id)).toEqual(['far']);
    expect(await lying('ready')).toEqual([file.name]);
    expect(storage.ledger.files.removable(10)).toEqual([]);
  });

  it('takes a lost file back when it is there again, unless it is another', async () => {
    const [file, other] = [await storage.commit(), await storage.commit({ start: NOON + MINUTE })];
    const [path, otherPath] = [file, other].map(({ name }) => join(storage.layout.ready, name));
    await rename(path!, join(storage.root, 'elsewhere'));
    await rm(otherPath!);
    expect(await again()).toMatchObject({ lost: 2 });
    await rename(join(storage.root, 'elsewhere'), path!);
    await writeFile(otherPath!, 'another');
    expect(await again()).toEqual({ ...nothing, adopted: 1, quarantined: 1 });
    expect(storage.ledger.files.byId(file.id)!.state).toBe('ready');
    expect(storage.ledger.deliveries.outstanding(file.id)).toEqual(['far']);
    expect(storage.ledger.gaps.between('gate', 0, NOON * 2).map((gap) => gap.start)).toEqual([NOON + MINUTE]);
  });

  it('moves what was verified just before a crash', async () => {
    const file = await storage.commit();
    storage.deliver(file.id);
    expect(await again()).toEqual({ ...nothing, moved: 1 });
    expect(await lying('sent')).toEqual([file.name]);
    expect(await lying('ready')).toEqual([]);
  });

  it('takes a verified copy that is gone for removed, not for lost', async () => {
    const file = await storage.commit();
    storage.deliver(file.id);
    await rm(join(storage.layout.ready, file.name));
    expect(await again()).toEqual(nothing);
    expect(storage.ledger.files.byId(file.id)!.state).toBe('removed');
    expect(storage.ledger.gaps.between('gate', 0, NOON * 2)).toEqual([]);
  });

  it('takes nothing for removed that came to be owed again since it looked, and nothing for lost that got another name', async () => {
    const [owed, moved] = [await storage.commit(), await storage.commit({ start: NOON + MINUTE })];
    storage.deliver(owed.id);
    for (const { name } of [owed, moved]) await rm(join(storage.layout.ready, name));
    const look = storage.ledger.files.expectedNames.bind(storage.ledger.files);
    vi.spyOn(storage.ledger.files, 'expectedNames').mockImplementationOnce((...page) => {
      const found = look(...page);
      storage.ledger.deliveries.again(owed.id, 'far');
      storage.ledger.files.rename(moved.id, `${moved.key}-2`, `${moved.name}-2`, 'from');
      storage.ledger.files.setState(moved.id, 'ready');
      return found;
    });
    expect(await again()).toMatchObject({ lost: 1 });
    expect(storage.ledger.files.byId(owed.id)!.state).toBe('lost');
    expect(storage.ledger.files.byId(moved.id)!.state).toBe('ready');
    expect(storage.ledger.gaps.between('gate', 0, NOON * 2)).toEqual([expect.objectContaining({ detail: owed.key })]);
  });

  it('leaves alone what is being moved at this moment', async () => {
    const file = await storage.commit();
    storage.ledger.files.rename(file.id, `${file.key}-2`, `${file.name}-2`, join(storage.layout.ready, file.name));
    expect(await again()).toEqual(nothing);
    expect(await lying('ready')).toEqual([file.name]);
  });

  it('loses nothing when the folder itself cannot be read', async () => {
    const file = await storage.commit();
    await rename(storage.layout.ready, `${storage.layout.ready}-unmounted`);
    await expect(again()).rejects.toMatchObject({ code: 'ENOENT' });
    expect(storage.ledger.files.byId(file.id)!.state).toBe('ready');
    await mkdir(storage.layout.ready);
  });
});
