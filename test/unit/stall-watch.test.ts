import { describe, expect, it } from 'vitest';
import { Attempt } from '../../lib/remote/attempt.js';
import { StallWatch } from '../../lib/remote/stall-watch.js';
import { FakeClock } from '../simulators/fake-clock.js';

const hang = () => new Promise<never>(() => undefined);

function start() {
  const clock = new FakeClock();
  const attempt = new Attempt(new AbortController().signal);
  return { clock, attempt, watch: new StallWatch(attempt, 'folder:/mnt', 30_000, clock) };
}

describe('StallWatch', () => {
  it('fails a step that hangs, and not before', async () => {
    const { clock, attempt, watch } = start();
    const step = watch.during(hang());
    step.catch(() => undefined);
    await clock.advance(29_999);
    expect(attempt.failure).toBeUndefined();
    await clock.advance(1);
    await expect(step).rejects.toMatchObject({ code: 'stalled', kind: 'transient' });
  });

  it('counts from the start of each step, and not between them', async () => {
    const { clock, attempt, watch } = start();
    await watch.during(Promise.resolve());
    await clock.advance(50_000);
    const step = watch.during(hang());
    step.catch(() => undefined);
    await clock.advance(29_000);
    expect(attempt.failure).toBeUndefined();
    await clock.advance(1_000);
    await expect(step).rejects.toMatchObject({ code: 'stalled' });
    watch.end();
  });

  it('hands back what arrives too late', async () => {
    const { clock, watch } = start();
    let arrive!: (value: string) => void;
    const discarded: string[] = [];
    const late = new Promise<string>((resolve) => {
      arrive = resolve;
    });
    const step = watch.during(late, async (value) => void discarded.push(value));
    step.catch(() => undefined);
    await clock.advance(30_000);
    await expect(step).rejects.toMatchObject({ code: 'stalled' });
    arrive('handle');
    await clock.advance(0);
    expect(discarded).toEqual(['handle']);
  });

  it('leaves no timer behind', async () => {
    const { clock, watch } = start();
    await watch.during(Promise.resolve());
    watch.end();
    await clock.advance(0);
    expect(clock.sleeping).toBe(0);
  });
});
