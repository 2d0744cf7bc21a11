import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { command } from '../../simulators/command.js';
import { at, segment } from '../../simulators/entries.js';
import { FakeClock } from '../../simulators/fake-clock.js';
import { ArchiveFolder } from '../../simulators/folder-archive.js';

let archive: ArchiveFolder;
beforeAll(async () => {
  archive = await ArchiveFolder.create();
  await archive.add([
    segment('gate', at('2026-05-02', '23:00'), at('2026-05-02', '23:05')),
    segment('gate', at('2026-05-03', '12:00'), at('2026-05-03', '12:05')),
    segment('gate', at('2026-05-04', '12:00'), at('2026-05-04', '12:05')),
    segment('yard', at('2026-05-03', '12:00'), at('2026-05-03', '12:05')),
  ]);
});
afterAll(() => archive.dispose());

const NOW = at('2026-05-04', '12:10');
const run = (...args: string[]) => command([...args, '--folder', archive.root], {}, new FakeClock(NOW));

describe('a camera that no archive has', () => {
  it.each([
    ['ls', ['--camera', 'gat']],
    ['ls', ['--camera', 'gat', '--from', '2026-05-03']],
    ['export', ['--camera', 'gat', '--from', '2026-05-03', '--to', '2026-05-04', '-o', 'never-made']],
    ['get', ['--camera', 'gat', '--from', '2026-05-03', '--to', '2026-05-04', '-o', 'never-made']],
    ['verify', ['--camera', 'gat']],
    ['verify', ['--camera', 'yard', 'gat', '--day', '2026-05-03']],
    ['erase', ['--camera', 'gat', '--from', '2026-05-03', '--to', '2026-05-04']],
  ])('is named as such by %s, with the one that was perhaps meant', async (command, args) => {
    const { exit, stdout: out, stderr: err } = await run(command, ...args);
    expect({ exit, out }).toEqual({ exit: 2, out: '' });
    expect(err).toContain('There is no camera "gat" in');
    expect(err).toContain('Did you mean gate? There are: gate, yard.');
    expect(existsSync(join(process.cwd(), 'never-made'))).toBe(false);
  });
});

it('verify knows a camera that lost its index by its footage', async () => {
  await archive.write('home/lost/2026/05/03/lost_20260503T120000Z_continuous.mp4', 'film');
  const { exit, stdout } = await run('verify', '--camera', 'lost');
  expect({ exit, stdout }).toEqual({ exit: 0, stdout: expect.stringContaining('0 objects compared') });
});

it('index rebuild refuses what can be no name of a camera', async () => {
  const { exit, stderr } = await run('index', 'rebuild', '--site', 'home', '--camera', 'The Gate', '--dry-run');
  expect(exit).toBe(2);
  expect(stderr).toContain('--camera The Gate is not a camera');
});

describe('a site that no archive has', () => {
  it.each([
    ['verify', []],
    ['ls', ['--camera', 'gate']],
    ['export', ['--camera', 'gate', '--from', '2026-05-03', '--to', '2026-05-04', '-o', 'never-made']],
  ])('is named as such by %s, with the one that was perhaps meant', async (command, args) => {
    const { exit, stdout: out, stderr: err } = await run(command, ...args, '--site', 'hom');
    expect({ exit, out }).toEqual({ exit: 2, out: '' });
    expect(err).toContain('There is no site "hom" in');
    expect(err).toContain('Did you mean home? There are: home.');
  });
});

describe('ls --from without --to', () => {
  const starts = async (...args: string[]) => {
    const {
      exit,
      stdout: out,
      stderr: err,
    } = await run('ls', '--camera', 'gate', '--timezone', 'Europe/Copenhagen', '--json', ...args);
    expect({ exit, err }).toEqual({ exit: 0, err: '' });
    return out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).start);
  };

  it('lists the day that is named, in the time zone of whoever asks', async () => {
    expect(await starts('--from', '2026-05-03')).toEqual(['2026-05-02T23:00:00.000Z', '2026-05-03T12:00:00.000Z']);
  });

  it('lists everything since any other moment', async () => {
    const since = ['2026-05-03T12:00:00.000Z', '2026-05-04T12:00:00.000Z'];
    expect(await starts('--from', '2026-05-03 09:00')).toEqual(since);
    expect(await starts('--from', '30h')).toEqual(since);
  });

  it('says which option is missing, or wrong', async () => {
    expect((await run('ls', '--from', '2026-05-03')).stderr).toContain('Write --camera NAME');
    expect((await run('ls', '--camera', 'gate', '--to', 'now')).stderr).toContain('Write --from MOMENT');
    expect((await run('ls', '--camera', 'gate', '--from', '2026-13-40')).stderr).toContain(
      '--from 2026-13-40 is not a moment',
    );
  });
});
