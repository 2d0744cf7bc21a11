import { describe, expect, it } from 'vitest';
import { Failure } from '../../lib/errors.js';
import { parseXml } from '../../lib/onvif/xml.js';
import { envelope } from '../simulators/scripted-soap.js';
import { mutate, numbers } from './mutate.js';
import { onvifFuzz } from './onvif-fuzz.js';

describe('damaged replies and datagrams of cameras', () => {
  it('neither crash nor hang anything, and leave nothing behind', async () => {
    const { violations, outcomes, replies, packets } = await onvifFuzz(400, 20260503);
    expect(violations).toEqual([]);
    expect([replies >= 400, packets]).toEqual([true, 400]);
    // If all sessions ended alike, nothing much was tried.
    expect(Object.keys(outcomes).length).toBeGreaterThan(6);
    expect(outcomes['session complete']).toBeGreaterThan(0);
  });

  it('are the same for the same seed, and some of them still can be read', () => {
    const good = envelope('<a><b>1</b><c x="2">3</c></a>');
    const round = (seed: number) => mutate(good, numbers(seed));
    expect(round(7)).toEqual(round(7));
    let [read, refused] = [0, 0];
    for (let seed = 0; seed < 500; seed++) {
      try {
        parseXml(round(seed));
        read++;
      } catch (error) {
        expect(error).toBeInstanceOf(Failure);
        refused++;
      }
    }
    expect(read).toBeGreaterThan(50);
    expect(refused).toBeGreaterThan(100);
  });
});
