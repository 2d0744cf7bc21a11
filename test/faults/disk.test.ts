import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, writeSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { account } from '../../src/archive/timeline.js';
import { mediaEntry } from '../../src/ledger/files.js';
import { gapEntry } from '../../src/ledger/gaps.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { digest } from '../../src/spool/commit.js';
import { spoolLayout } from '../../src/spool/layout.js';
import { until } from '../peers/until.js';
import { Program } from '../simulators/program.js';

const ALL = [0, Number.MAX_SAFE_INTEGER] as const;

/** The real program on disks of its own: rows 8 to 11 and 36 of the fault matrix. */
describe('the disk of the recorder', { timeout: 180_000 }, () => {
  let program: Program;

  const files = (ledger: Ledger) => ledger.files.between('gate', ...ALL).filter((file) => file.kind === 'continuous');
  const segments = () => program.look((ledger) => files(ledger).length);
  const gaps = () => program.look((ledger) => ledger.gaps.between('gate', ...ALL));
  const camera = async () => (await program.status()).cameras[0]!;

  async function mounted(options: string, storage?: Record<string, unknown>): Promise<void> {
    program = await Program.prepare({ cameras: ['gate'], storage });
    await mkdir(program.storage, { recursive: true });
    mount(options, program.storage);
  }
  afterEach(async () => {
    await program.end('SIGKILL');
    unmount(program.storage);
    await program.remove();
  });

  function expectAllAccounted(): void {
    program.look((ledger) => {
      const all = files(ledger);
      const range = { start: all[0]!.start, end: all.at(-1)!.end };
      const entries = [
        ...all.map(mediaEntry),
        ...ledger.gaps.between('gate', ...ALL).map((one) => gapEntry(one, range.end)),
      ];
      expect(account(entries, range).unaccounted).toEqual([]);
    });
  }

  it.each([
    ['full', 'size=20m', fillBytes],
    ['out of inodes', 'size=20m,nr_inodes=64', fillInodes],
  ])(
    '%s: what can go on goes on, it is said in words, and recording resumes by itself (8, 9)',
    async (_, options, fill) => {
      await mounted(options);
      // Nobody takes anything yet, so that there is something to send later.
      await rename(program.archive, `${program.archive}-away`);
      await program.up();
      await until('segments that wait', () => segments() >= 2, 60_000);
      await fill(program.storage);
      const full = () => gaps().some(({ cause, end }) => cause === 'disk-full' && end === undefined);
      await until('a gap that says why', full, 60_000);
      const status = await program.status();
      expect(status.state).toBe('degraded');
      expect(status.problems.join('\n')).toMatch(/gate is not recording: .*disk is full/);
      expect(status.problems.join('\n')).not.toMatch(/SQLITE|ENOSPC|database or disk/);

      // Uploads go on, and make room: recording comes back though nobody removed anything else.
      await rename(`${program.archive}-away`, program.archive);
      await until(
        'what waited to be delivered',
        () => program.look((ledger) => !ledger.files.oldestUnsent('continuous')),
        90_000,
      );
      await emptied(program.storage);
      const before = segments();
      await until('further segments', () => segments() >= before + 2, 60_000);
      expect((await camera()).recording).toBe(true);
      await program.end();
      expectAllAccounted();
    },
  );

  it('gives up what was never sent only with consent, oldest first, and says so (36)', async () => {
    const storage = { max: '200kB', when_full: 'drop-oldest-unsent' };
    await mounted('size=40m', storage);
    await rename(program.archive, `${program.archive}-away`);
    await program.up();
    await until('a loss', () => gaps().filter(({ cause }) => cause === 'dropped').length >= 2, 90_000);
    const status = await program.status();
    expect(status.problems.join('\n')).toMatch(/gate: .* was given up on a full disk before it was sent/);
    expect(status.disk.usedBytes).toBeLessThan(400_000);
    await program.end();
    const kept = program.look((ledger) => files(ledger).filter(({ state }) => state === 'ready'));
    expect(Math.min(...kept.map(({ start }) => start))).toBeGreaterThanOrEqual(
      Math.max(...gaps().flatMap(({ cause, end }) => (cause === 'dropped' ? [end!] : []))) - 1,
    );
    expectAllAccounted();
  });

  it('unmounted: nothing is written where it was, and all goes on when it is back (11)', async () => {
    program = await Program.prepare({ cameras: ['gate'] });
    await mkdir(program.storage, { recursive: true });
    const image = join(program.dir, 'image');
    execFileSync('truncate', ['-s', '64M', image]);
    execFileSync('mkfs.ext4', ['-q', image]);
    execFileSync('mount', ['-o', 'loop', image, program.storage]);
    await program.up();
    await until('segments', () => segments() >= 2, 60_000);
    const id = (await readFile(join(program.storage, 'storage-id'), 'utf8')).trim();
    unmount(program.storage);
    await until('it to be noticed', () => /"code":"storage-gone"/.test(program.log), 60_000);
    expect(await readdir(program.storage)).toEqual([]);
    execFileSync('mount', ['-o', 'loop', image, program.storage]);
    const before = segments();
    await until('further segments', () => segments() >= before + 2, 60_000);
    expect(gaps().map(({ cause }) => cause)).toContain('storage-gone');
    await program.end();
    expectAllAccounted();

    // A start without its disk, where the configuration says which it is.
    unmount(program.storage);
    const config = parse(await readFile(program.config, 'utf8')) as { storage: Record<string, unknown> };
    config.storage.id = id;
    await writeFile(program.config, stringify(config), { mode: 0o600 });
    const [status] = (await once(program.start(), 'exit')) as [number];
    expect(status).toBe(1);
    expect(program.log).toMatch(/holds no storage-id/);
    expect(await readdir(program.storage)).toEqual([]);
    execFileSync('mount', ['-o', 'loop', image, program.storage]);
    await program.up();
  });

  it('cut off in the middle of a write, as by a power cut: nothing acknowledged is lost (7)', async () => {
    program = await Program.prepare({ cameras: ['gate'] });
    await mkdir(program.storage, { recursive: true });
    let image = join(program.dir, 'image');
    execFileSync('truncate', ['-s', '64M', image]);
    execFileSync('mkfs.ext4', ['-q', image]);
    for (let cut = 0; cut < 2; cut++) {
      execFileSync('mount', ['-o', 'loop', image, program.storage]);
      await program.up();
      const before = segments();
      await until('segments', () => segments() >= before + 1, 60_000);
      await delay(Math.random() * 3_000);
      const told = program.look(files);
      powerCut(program.storage);
      await program.end('SIGKILL');
      unmount(program.storage);
      // Whoever still holds the old one keeps its dead file system; this is what was on the disk.
      const onDisk = `${image}-${cut}`;
      execFileSync('cp', ['--sparse=always', image, onDisk]);
      image = onDisk;
      execFileSync('mount', ['-o', 'loop', image, program.storage]);
      const { ready, sent } = spoolLayout(program.storage);
      for (const { key, name, sha256 } of told) {
        const file = program.look((ledger) => ledger.files.byKey(key));
        expect(file, `${key}, acknowledged before cut ${cut}`).toBeDefined();
        const copies = [join(ready, name), join(sent, name), join(program.archive, key)].filter((path) =>
          existsSync(path),
        );
        const hashes = await Promise.all(copies.map(async (path) => (await digest(path)).sha256));
        expect(hashes, key).toContain(sha256);
      }
      unmount(program.storage);
    }
    execFileSync('mount', ['-o', 'loop', image, program.storage]);
    await program.up();
    const before = segments();
    await until('further segments', () => segments() >= before + 2, 60_000);
    await program.end();
    expectAllAccounted();
  });

  it('that cannot sync now and then: nothing is acknowledged that was not written, and nothing is missing (10)', async () => {
    program = await Program.prepare({ cameras: ['gate'] });
    const calls = 'fsync,fdatasync';
    const inject = ['-e', `trace=${calls}`, '-e', `inject=${calls}:error=EIO:when=30+7`];
    program.start({}, ['strace', '-D', '-f', '-qq', '-o', join(program.dir, 'trace'), ...inject]);
    await until('it to be up', () => program.log.includes('pages are up'), 60_000);
    const failed = async () => (await readFile(join(program.dir, 'trace'), 'utf8')).split('EIO').length - 1;
    await until('syncs that failed', async () => (await failed()) >= 5, 90_000);
    await program.end();
    await program.up();
    const before = segments();
    await until('further segments', () => segments() >= before + 2, 60_000);
    await until(
      'all of it delivered',
      () => program.look((ledger) => !ledger.files.oldestUnsent('continuous')),
      60_000,
    );
    await program.end();
    const told = program.look((ledger) => files(ledger).filter(({ verifiedAt }) => verifiedAt));
    expect(told.length).toBeGreaterThan(2);
    for (const { key, sha256 } of told) expect((await digest(join(program.archive, key))).sha256, key).toBe(sha256);
    expectAllAccounted();
  });
});

function mount(options: string, folder: string): void {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'pipe' });
  } catch (cause) {
    throw new Error('This test needs the right to mount a tmpfs: run it as root, in a container with CAP_SYS_ADMIN', {
      cause,
    });
  }
}

/** Ends the file system as it is on the disk at this moment: nothing that was only in memory gets there (ext4, GOINGDOWN). */
function powerCut(folder: string): void {
  const script = `import fcntl, os, struct; fcntl.ioctl(os.open(${JSON.stringify(folder)}, os.O_RDONLY), 0x8004587d, struct.pack('I', 2))`;
  execFileSync('/usr/bin/python3', ['-c', script]);
}

function unmount(folder: string): void {
  execFileSync('sh', ['-c', 'umount -l "$0" 2>/dev/null || true', folder]);
}

/** Takes every byte there is, also those that come free in the next moments. */
async function fillBytes(folder: string): Promise<void> {
  const fd = openSync(join(folder, 'filler'), 'w');
  const block = Buffer.alloc(4_096);
  try {
    for (;;) writeSync(fd, block);
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
  } finally {
    closeSync(fd);
  }
}

async function fillInodes(folder: string): Promise<void> {
  await mkdir(join(folder, 'fillers'));
  try {
    for (let n = 0; ; n++) await writeFile(join(folder, 'fillers', String(n)), '');
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
  }
}

async function emptied(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name.startsWith('filler')) await rm(join(folder, name), { recursive: true });
  }
}
