import { describe, expect, it } from 'vitest';
import { Attempt } from '../../lib/remote/attempt.js';
import { type Flight, FlightWindow } from '../../lib/remote/flight-window.js';

const CHUNK = 30_720;
/** Four of the largest writes. */
const LEAST = 1_044_480;

/** A line that takes one byte after the other at its rate, and brings acknowledgements after its delay. */
class Line {
  rttMs: number;
  readonly #bytesPerMs: number;
  #nowMs = 0;
  #freeAt = 0;
  readonly #underway: { at: number; flight: Flight }[] = [];
  readonly window = new FlightWindow({
    now: () => 0,
    monotonic: () => this.#nowMs,
    sleep: () => Promise.reject(new Error('nobody sleeps here')),
  });

  constructor(mbit: number, rttMs: number) {
    this.#bytesPerMs = mbit * 125;
    this.rttMs = rttMs;
  }

  /** Sends as much as the window allows for so long. Returns the share of the line that was used. */
  run(seconds: number): number {
    const since = this.#nowMs;
    let sent = 0;
    while (this.#nowMs < since + seconds * 1_000) {
      while (this.window.has(CHUNK)) {
        this.#freeAt = Math.max(this.#freeAt, this.#nowMs) + CHUNK / this.#bytesPerMs;
        this.#underway.push({ at: this.#freeAt + this.rttMs, flight: this.window.take(CHUNK) });
        sent += CHUNK;
      }
      this.#land();
    }
    return sent / (this.#bytesPerMs * (this.#nowMs - since));
  }

  rest(): void {
    while (this.#underway.length > 0) this.#land();
  }

  #land(): void {
    const { at, flight } = this.#underway.shift()!;
    this.#nowMs = Math.max(this.#nowMs, at);
    this.window.landed(flight);
  }
}

describe('how much may be under way', () => {
  it.each([
    ['an ordinary line', 100, 50, 1_250_000, 2_100_000],
    ['a slow one', 20, 100, LEAST, LEAST],
    ['a long one', 400, 60, 6_000_000, 8_000_000],
    ['the quickest there is', 10_000, 0.1, LEAST, LEAST],
    ['one that is longer than memory allows', 1_000, 300, 8_000_000, 8_000_000],
    ['one that takes more than a gigabit, at a gigabit', 10_000, 10, LEAST, 1_300_000],
  ])('is what %s holds, about twice', (_, mbit, rttMs, least, most) => {
    const line = new Line(mbit, rttMs);
    line.run(60);
    expect(line.window.limit).toBeGreaterThanOrEqual(least);
    expect(line.window.limit).toBeLessThanOrEqual(most);
  });

  it('fills the line, and goes on to for an hour without taking ever more', () => {
    const line = new Line(200, 80);
    line.run(2);
    expect(line.run(60)).toBeGreaterThan(0.99);
    const settled = line.window.limit;
    line.run(3_600);
    expect(line.window.limit).toBe(settled);
  });

  it('follows a line that becomes longer, as soon as there was a moment of rest', () => {
    const line = new Line(200, 20);
    line.run(10);
    line.rttMs = 200;
    line.run(10);
    line.rest();
    line.run(10);
    expect(line.run(30)).toBeGreaterThan(0.99);
  });

  it('becomes less when the line does, for the sake of what is urgent', () => {
    const line = new Line(400, 60);
    line.run(10);
    line.rest();
    line.rttMs = 10;
    line.run(10);
    expect(line.window.limit).toBeLessThan(2_500_000);
  });

  it('does not grow while nobody waits for it: under a cap, say', () => {
    const line = new Line(400, 60);
    for (let n = 0; n < 1_000; n++) line.window.landed(line.window.take(CHUNK));
    expect(line.window.limit).toBe(LEAST);
  });

  it('what is given back, or given up, lets the next one go', async () => {
    const { window } = new Line(100, 50);
    const attempt = new Attempt(new AbortController().signal);
    window.take(LEAST);
    const waiting = window.room(CHUNK, attempt);
    expect(await Promise.race([waiting, Promise.resolve('waits')])).toBe('waits');
    window.give(CHUNK);
    await waiting;
    expect(window.has(CHUNK)).toBe(true);
  });

  it.each([
    ['a tenth of a second of an ordinary line', 20, 250_000],
    ['all that the server takes on a quick one', 1_000, 261_120],
    ['the least on a slow one', 2, 30_720],
  ])('lets one write hold %s', (_, mbit, bytes) => {
    const line = new Line(mbit, 20);
    expect(line.window.writeBytes(261_120)).toBe(30_720);
    line.run(60);
    expect(line.window.writeBytes(261_120)).toBeGreaterThan(0.95 * bytes);
    expect(line.window.writeBytes(261_120)).toBeLessThanOrEqual(bytes);
    expect(line.window.writeBytes(30_720)).toBe(30_720);
  });
});
