import { pino } from 'pino';
import { describe, expect, it, vi } from 'vitest';
import { Ledger } from '../../../src/ledger/ledger.js';
import { Presence } from '../../../src/recording/presence.js';

describe('when a run keeps what it gets', () => {
  it('asks nothing of the ledger for reports that change nothing', () => {
    const ledger = new Ledger(':memory:');
    const transaction = vi.spyOn(ledger, 'transaction');
    const log = pino({ level: 'silent' });
    const presence = new Presence({ camera: 'gate', ledger, log, reasonAt: () => 'no-motion' });
    const reports = (fromMs: number) => {
      for (let ms = fromMs; ms < fromMs + 10_000; ms += 2_500) presence.reached(ms, (mediaMs) => 1_000_000 + mediaMs);
      return transaction.mock.calls.length;
    };
    expect(reports(0)).toBe(0);
    presence.border('idle', 10_000);
    expect(reports(10_000)).toBe(1);
    expect(ledger.offs.current('gate')).toMatchObject({ start: 1_010_000 });
    // That nothing is kept still is told every ten seconds.
    expect(reports(20_000)).toBe(2);
    presence.border('keeping', 30_000);
    expect(reports(30_000)).toBe(3);
    expect(reports(40_000)).toBe(3);
    expect(ledger.offs.current('gate')).toBeUndefined();
    ledger.close();
  });
});
