import { describe, expect, it } from 'vitest';
import { ExternalMotionSource, LONGEST_MS } from '../../../src/motion/external-source.js';
import type { MotionChange } from '../../../src/motion/motion-source.js';
import { FakeClock } from '../../simulators/fake-clock.js';

function listening() {
  const clock = new FakeClock();
  const source = new ExternalMotionSource('gate', clock);
  const stop = new AbortController();
  const heard: MotionChange[] = [];
  const startedAt = clock.now();
  const listen = async () => {
    for await (const change of source.changes(stop.signal)) heard.push(change);
  };
  const told = () => heard.map(({ active, at }) => [active, at - startedAt]);
  return { clock, source, stop, listen, told };
}

describe('motion told from outside', () => {
  it('begins and ends by turns, however often it is told', async () => {
    const { clock, source, stop, listen, told } = listening();
    const listened = listen();
    await clock.advance(1_000);
    source.start();
    source.start();
    await clock.advance(5_000);
    source.stop();
    source.stop();
    await clock.advance(1_000);
    expect(told()).toEqual([
      [true, 1_000],
      [false, 6_000],
    ]);
    stop.abort();
    await listened;
  });

  it('ends a pulse by itself, and prolongs it when told again', async () => {
    const { clock, source, stop, listen, told } = listening();
    const listened = listen();
    source.pulse();
    await clock.advance(6_000);
    source.pulse();
    await clock.advance(9_999);
    expect(told()).toEqual([[true, 0]]);
    await clock.advance(1);
    expect(told()[1]).toEqual([false, 16_000]);
    stop.abort();
    await listened;
  });

  it('ends what nobody ever stops', async () => {
    const { clock, source, stop, listen, told } = listening();
    const listened = listen();
    source.start(Number.MAX_SAFE_INTEGER);
    await clock.advance(LONGEST_MS);
    expect(told()).toEqual([
      [true, 0],
      [false, LONGEST_MS],
    ]);
    stop.abort();
    await listened;
  });

  it('tells whoever begins to listen of what moves already', async () => {
    const { clock, source, stop, listen, told } = listening();
    source.pulse();
    await clock.advance(4_000);
    const listened = listen();
    await clock.advance(0);
    expect(told()).toEqual([[true, 0]]);
    stop.abort();
    await listened;
  });
});
