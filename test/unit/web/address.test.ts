import { describe, expect, it } from 'vitest';
import { type Address, readAddress, writeAddress } from '../../../web/src/timeline/address.js';

const SPEEDS = [0.5, 1, 2, 4];
const read = (query: string) => readAddress(new URLSearchParams(query), SPEEDS);
const write = (address: Address) =>
  Object.entries(writeAddress(address)).flatMap(([name, value]) => (value ? [`${name}=${value}`] : []));

describe('the address of the timeline', () => {
  it('is read back as it was written', () => {
    const address = {
      camera: 'gate',
      time: Date.UTC(2026, 4, 3, 2, 30),
      beside: ['yard', 'door'],
      span: 7_200_000,
      speed: 4,
    };
    const words = write(address);
    expect(words).toEqual(['camera=gate', 't=2026-05-03T02:30:00Z', 'beside=yard,door', 'span=2h', 'speed=4']);
    expect(read(words.join('&'))).toEqual(address);
  });

  it('says nothing of what is usual', () => {
    expect(write({ camera: 'gate', beside: [], speed: 1 })).toEqual(['camera=gate']);
  });

  it('writes spans in the largest unit that is exact', () => {
    const span = (ms: number) => writeAddress({ beside: [], speed: 1, span: ms }).span;
    expect([span(120_000), span(3_600_000), span(5_400_000), span(130_000)]).toEqual(['2m', '1h', '90m', '130s']);
  });

  it('leaves out what cannot be read', () => {
    expect(read('t=yesterday&span=wide&speed=1000&beside=')).toEqual({ beside: [], speed: 1 });
  });

  it('never zooms closer than the page can', () => {
    expect(read('span=1s').span).toBe(120_000);
  });
});
