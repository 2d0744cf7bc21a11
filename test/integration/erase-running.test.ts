import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.js';
import { findFfmpeg } from '../../lib/ffmpeg/find.js';
import { createLog } from '../../lib/log.js';
import { type StartedApp, startApp } from '../../src/app-web.js';
import type { EntriesReply } from '../../src/browse/api.js';
import { loadConfig } from '../../src/config/load.js';
import { until } from '../peers/until.js';
import { command } from '../simulators/command.js';
import { film } from '../simulators/films.js';

const DAY = '2026-05-03';

describe('erase, beside a recorder that runs', () => {
  let dir: string;
  let config: string;
  let started: StartedApp;
  let running: Promise<void>;
  const stop = new AbortController();
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'erase-running-'));
    await Promise.all(['nas', 'in', 'new'].map((name) => mkdir(join(dir, name))));
    config = join(dir, 'nvr-uplink.yaml');
    const settings = {
      ...{ storage: { dir: 'data', min_free: '1MB' }, web: { listen: '127.0.0.1:0' }, index: { every: '1s' } },
      inbox: { folders: { nvr: { path: 'in' } }, settle: '200ms' },
      remotes: { nas: { type: 'folder', path: 'nas' } },
      archive: { type: 'folder', path: 'nas' },
    };
    await writeFile(config, JSON.stringify(settings));
    const log = createLog({ level: 'silent' });
    started = await startApp({
      ...{
        config: loadConfig(config, {}).config,
        ffmpeg: await findFfmpeg(),
        clock: systemClock,
        log,
        version: 'test',
      },
    });
    running = started.run(stop.signal);
  });
  afterAll(async () => {
    stop.abort();
    await running;
    await rm(dir, { recursive: true });
  });

  /** A recorder drops a film of that minute; resolves once the index in the archive names it. */
  async function deliver(minute: string): Promise<string> {
    const name = `gate_20260503${minute.replace(':', '')}00.mp4`;
    await rename(film(join(dir, 'new'), name), join(dir, 'in', name));
    const key = `home/gate/2026/05/03/gate_20260503T${minute.replace(':', '')}00Z_inbox.mp4`;
    await until(`${key} to be listed`, async () => (await index()).includes(`"${key}"`));
    return key;
  }

  async function index(): Promise<string> {
    const folder = join(dir, 'nas/home/index/gate/2026/05/03');
    const names = existsSync(folder) ? (await readdir(folder)).filter((name) => name.endsWith('.ndjson')) : [];
    return (await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))).join('');
  }

  const ask = (path: string) =>
    fetch(started.url + path, { headers: { authorization: `Bearer ${started.access.localToken}` } });
  const shown = async () => {
    const { entries } = (await (await ask(`/api/v1/entries?camera=gate&day=${DAY}`)).json()) as EntriesReply;
    return entries.map((entry) => ('key' in entry ? entry.key : entry.type === 'gap' ? entry.cause : entry.type));
  };

  it('leaves nothing of it on disk, in the ledger, in the archive or on the pages, and the recorder goes on', async () => {
    const [before, gone, after] = [await deliver('12:00'), await deliver('12:10'), await deliver('12:20')];
    expect(await shown()).toEqual([before, gone, after]);
    const span = ['--camera', 'gate', '--from', `${DAY}T12:09:00Z`, '--to', `${DAY}T12:15:00Z`];
    const erased = await command(['erase', '-c', config, ...span, '--reason', 'a visitor asked', '-y', '--json']);
    expect(erased.exit, erased.stderr).toBe(0);
    expect(JSON.parse(erased.stdout)).toMatchObject({ dryRun: false, erased: 1, localCopies: 1, files: [gone] });

    expect(existsSync(join(dir, 'nas', gone))).toBe(false);
    expect(await index()).not.toContain(gone);
    const kept = await readdir(join(dir, 'data'), { recursive: true });
    expect(kept.filter((name) => name.includes('T121000Z'))).toEqual([]);
    expect(started.app.ledger.files.byKey(gone)).toBeUndefined();
    await until('the pages to know', async () => !(await shown()).includes(gone));
    expect(await shown()).toEqual([before, 'erased', after]);
    expect((await ask(`/api/v1/media/${gone}`)).status).toBe(404);

    // The folder it came from is not ours to empty, and is not taken in anew.
    const next = await deliver('12:30');
    expect(await shown()).toEqual([before, 'erased', after, next]);
    const verified = await command(['verify', '-c', config, '--checksum', '--json']);
    expect(verified.exit, verified.stdout).toBe(0);
    // Looked at once: the archive is the folder of the remote.
    const clean = { missing: [], altered: [], unindexed: [], unaccounted: [], erased: 1 };
    expect(JSON.parse(verified.stdout)).toMatchObject(clean);
    const audit = await readFile(join(dir, 'data/audit.ndjson'), 'utf8');
    expect(audit).toContain('"action":"erased"');
  });
});
