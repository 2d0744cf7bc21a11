import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MotionSource } from '../../src/motion/motion-source.js';
import { until } from '../peers/until.js';
import { Listener } from '../simulators/event-cameras.js';

/** Something that notices motion, and what happens before its eyes. Nobody else looks at it. */
export interface MotionUnderTest {
  source: MotionSource;
  /** Whether something moves. */
  move(active: boolean): void;
  /** It is there, or gone; or there but answering nothing. */
  be(state: 'there' | 'gone' | 'silent'): Promise<void>;
  /** From now on it answers everything at once. */
  hurry(): void;
  /** How many listeners it knows of. */
  listeners(): number;
  /** How often it was asked for news. */
  asked(): number;
}

/** Every sentence of the contract on `MotionSource` (src/motion/motion-source.ts), for any implementation. */
export function motionSourceContract(
  name: string,
  suite: { open(): Promise<void>; close(): Promise<void>; fresh(): MotionUnderTest },
): void {
  describe(`MotionSource: ${name}`, { concurrent: true }, () => {
    beforeAll(suite.open);
    afterAll(suite.close);

    it('tells that motion began and ended, by turns, each within two seconds or its hold-off', async () => {
      const { source, move, listeners } = suite.fresh();
      const listener = new Listener(source);
      await until('somebody to listen', () => listeners() === 1);
      const delays = [];
      for (let n = 0; n < 3; n++) {
        const movedAt = Date.now();
        move(true);
        await listener.told(true);
        const { at, heardAt } = listener.heard.at(-1)!;
        delays.push(heardAt - movedAt);
        expect(at).toBeGreaterThan(movedAt - 1_500);
        move(false);
        await listener.told(false);
      }
      // What is slow each time is the source; once may be the machine.
      expect(Math.min(...delays)).toBeLessThan(2_000);
      await listener.stop();
      const sources = groups(listener.heard);
      for (const changes of sources.values()) {
        expect(changes.map(({ active }) => active)).toEqual(changes.map((_, n) => n % 2 === 0));
        for (const [n, { at, heardAt }] of changes.entries()) {
          expect(at).toBeLessThanOrEqual(heardAt);
          expect(at).toBeGreaterThanOrEqual(changes[n - 1]?.at ?? 0);
        }
      }
    });

    it('is inert until it is iterated, and each iteration is one of its own', async () => {
      const { source, asked, listeners, move } = suite.fresh();
      const unheard = source.changes(new AbortController().signal);
      await delay(500);
      expect([asked(), listeners()]).toEqual([0, 0]);
      move(true);
      const first = new Listener(source);
      await first.told(true);
      await first.stop();
      const second = new Listener(source);
      await second.told(true);
      await second.stop();
      expect(unheard).toBeDefined();
      await until('nobody listens any more', async () => listeners() === 0);
    });

    it('tells what moves already', async () => {
      const { source, move } = suite.fresh();
      move(true);
      const listener = new Listener(source);
      await listener.told(true);
      await listener.stop();
    });

    it('ends what began though it is lost, and is back within 30 s', async () => {
      const { source, move, be, listeners } = suite.fresh();
      const listener = new Listener(source);
      await until('somebody to listen', () => listeners() === 1);
      move(true);
      await listener.told(true);
      await be('gone');
      await listener.told(false);
      move(false);
      await be('there');
      move(true);
      await listener.told(true, 30_000);
      await listener.stop();
      await until('nobody listens any more', async () => listeners() === 0);
    });

    it('ends within three seconds when it is told to though nobody answers', async () => {
      const { source, be, listeners } = suite.fresh();
      const listener = new Listener(source);
      await until('somebody to listen', () => listeners() === 1);
      await be('silent');
      expect(await listener.stop()).toBeLessThan(4_000);
    });

    it('never asks more often than a few times a second', async () => {
      const { source, hurry, asked, listeners } = suite.fresh();
      hurry();
      const listener = new Listener(source);
      await until('somebody to listen', () => listeners() === 1);
      const before = asked();
      await delay(5_000);
      const during = asked() - before;
      expect(during).toBeGreaterThan(1);
      expect(during).toBeLessThan(15);
      await listener.stop();
    });

    it('gives everything back when its consumer leaves, and waits for a slow one', async () => {
      const { source, move, asked, listeners } = suite.fresh();
      move(true);
      for await (const _ of source.changes(new AbortController().signal)) {
        await until('quiet', async () => {
          const before = asked();
          await delay(2_500);
          return asked() === before;
        });
        break;
      }
      await until('nobody listens any more', async () => listeners() === 0);
    });
  });
}

function groups(heard: Listener['heard']): Map<string, Listener['heard']> {
  const found = new Map<string, Listener['heard']>();
  for (const one of heard) {
    const key = `${one.kind} ${one.source}`;
    found.set(key, [...(found.get(key) ?? []), one]);
  }
  return found;
}
