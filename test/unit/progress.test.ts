import { PassThrough, type Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { span } from '../../src/cli/format.js';
import { Progress } from '../../src/cli/progress.js';
import { FakeClock } from '../simulators/fake-clock.js';

function progress(isTTY: boolean, files: number, bytes: number) {
  const clock = new FakeClock();
  const stderr = Object.assign(new PassThrough(), { isTTY, columns: 60 });
  let text = '';
  stderr.on('data', (chunk: Buffer) => {
    text += chunk;
  });
  const view = new Progress({ stderr: stderr as Writable & { isTTY: boolean }, clock }, files, bytes);
  return { view, clock, text: () => text };
}

it('draws a bar for each file under way, the total, its rate and how long it takes', async () => {
  const { view, clock, text } = progress(true, 3, 30_000_000);
  view.start('home/gate/one.mp4', 10_000_000);
  await clock.advance(1_000);
  view.advance('home/gate/one.mp4', 5_000_000);
  await clock.advance(1_000);
  view.advance('home/gate/one.mp4', 6_000_000);
  expect(text()).toContain('home/gate/one.mp4');
  expect(text()).toMatch(/█{10}░{10} {2}50 % of 10 MB/);
  expect(text()).toContain('0 of 3 files, 6.0 MB of 30 MB, 3.0 MB/s, 8 s left');
  await clock.advance(1_000);
  view.end('home/gate/one.mp4');
  expect(text()).toContain('1 of 3 files, 10 MB of 30 MB');
  for (const line of text().split('\n')) expect(line.length).toBeLessThan(100);
  view.close();
});

it('tells plain lines now and then without a terminal', async () => {
  const { view, clock, text } = progress(false, 100, 100_000);
  for (let n = 0; n < 25; n++) {
    view.start(`${n}`, 1_000);
    await clock.advance(1_000);
    view.end(`${n}`);
  }
  view.close();
  const lines = text().trim().split('\n');
  expect(lines.length).toBeGreaterThanOrEqual(2);
  expect(lines.length).toBeLessThanOrEqual(3);
  expect(lines[0]).toMatch(/^1\d of 100 files, 1\d kB of 100 kB/);
  expect(text()).not.toContain('\u001b');
});

it('says times as people do', () => {
  expect([0, 45, 99, 100, 720, 5_900, 12_000].map(span)).toEqual([
    '0 s',
    '45 s',
    '99 s',
    '2 min',
    '12 min',
    '98 min',
    '3 h 20 min',
  ]);
});
