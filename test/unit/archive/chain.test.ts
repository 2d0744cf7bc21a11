import { describe, expect, it } from 'vitest';
import { CHAIN_START, type ChainLine, type ChainProblem, verifyChain } from '../../../src/archive/chain.js';
import { serialiseShard, shardLines } from '../../../src/archive/shard.js';
import { at, segment } from '../../simulators/entries.js';

const start = at('2026-05-03', '12:00');
const entries = Array.from({ length: 9 }, (_, index) =>
  segment('gate', start + index * 300_000, start + (index + 1) * 300_000),
);
const shard = serialiseShard(entries, { n: 0, prev: CHAIN_START });
const head = { n: shard.last, hash: shard.head };
const texts = shard.text.trimEnd().split('\n');

function lines(content: readonly string[] = texts): ChainLine[] {
  return shardLines('12-000001.ndjson', content.map((text) => `${text}\n`).join(''));
}

function named(problems: ChainProblem[]): string[] {
  return problems.map(
    ({ kind, from, to, line }) => `${kind} ${from}${to > from ? `-${to}` : ''}${line ? ` @${line}` : ''}`,
  );
}

function moved(from: number, to: number): string[] {
  const content = texts.filter((_, index) => index !== from - 1);
  content.splice(to - 1, 0, texts[from - 1]!);
  return content;
}

describe('verifyChain', () => {
  it('finds nothing wrong with what was written', () => {
    expect(verifyChain(lines())).toEqual([]);
    expect(verifyChain(lines(), { first: 1, head })).toEqual([]);
    expect(verifyChain([])).toEqual([]);
  });

  it('accepts a chain whose oldest days have expired, unless told where it begins', () => {
    expect(verifyChain(lines(texts.slice(4)), { head })).toEqual([]);
    expect(named(verifyChain(lines(texts.slice(4)), { first: 1, head }))).toEqual(['removed 1-4']);
  });

  it.each(entries.map((_, index) => index + 1))('names entry %i when it is removed', (n) => {
    const rest = texts.filter((_, index) => index !== n - 1);
    expect(named(verifyChain(lines(rest), { first: 1, head }))).toEqual([`removed ${n}`]);
  });

  it('names several that are removed, and who has lost its witness', () => {
    const rest = texts.filter((_, index) => ![2, 3, 6].includes(index));
    const problems = verifyChain(lines(rest));
    expect(named(problems)).toEqual(['removed 3-4', 'removed 7']);
    expect(problems.map((one) => one.unproven)).toEqual([2, 6]);
  });

  it('needs the signed head to notice that the end is missing, or was rewritten', () => {
    expect(verifyChain(lines(texts.slice(0, 7)))).toEqual([]);
    expect(named(verifyChain(lines(texts.slice(0, 7)), { head }))).toEqual(['removed 8-9']);
    const other = [...entries.slice(0, 5), ...entries.slice(5).map((entry) => ({ ...entry, bytes: 1 }))];
    const rewritten = serialiseShard(other, { n: 0, prev: CHAIN_START }).text.trimEnd().split('\n');
    expect(verifyChain(lines(rewritten))).toEqual([]);
    expect(named(verifyChain(lines(rewritten), { head }))).toContain('changed 9 @9');
    expect(named(verifyChain([...lines(), ...lines(rewritten.slice(8))], { head }))).toEqual(['inserted 9 @1']);
  });

  it.each(entries.map((_, index) => index + 1))('names entry %i when it is changed', (n) => {
    const content = texts.with(n - 1, texts[n - 1]!.replace('"bytes":', '"bytes":1'));
    expect(named(verifyChain(lines(content), { head }))).toEqual([`changed ${n} @${n}`]);
  });

  it('names the entry, and only it, whichever of its bytes is flipped', () => {
    const line = texts[4]!;
    for (let index = 0; index < line.length; index++) {
      const flipped = line.slice(0, index) + String.fromCharCode(line.charCodeAt(index) ^ 1) + line.slice(index + 1);
      const problems = verifyChain(lines(texts.with(4, flipped)), { first: 1, head });
      expect(named(problems), flipped).toEqual(['changed 5 @5']);
      const isInPrev = index >= line.indexOf('"prev"') && index < line.indexOf('"prev"') + 73;
      expect(problems[0]!.unproven, flipped).toBe(isInPrev ? 4 : undefined);
    }
  });

  it('names two neighbours that were both changed', () => {
    const content = texts.map((text, index) => (index === 3 || index === 4 ? text.replace('rtsp', 'none') : text));
    const problems = verifyChain(lines(content), { head });
    expect(named(problems)).toEqual(['changed 5 @5']);
    expect(problems[0]!.unproven).toBe(4);
  });

  it('names a line that was cut short', () => {
    const text = shard.text.slice(0, -40);
    expect(named(verifyChain(shardLines('s', text), { head }))).toEqual(['changed 9 @9']);
    expect(named(verifyChain(shardLines('s', text)))).toEqual(['changed 9 @9']);
  });

  it.each([
    [3, 7],
    [7, 3],
    [1, 9],
    [9, 1],
    [4, 5],
  ])('names the one line that was moved from %i to %i', (from, to) => {
    const problems = named(verifyChain(lines(moved(from, to)), { first: 1, head }));
    // Of two swapped neighbours either may be called the moved one.
    if (from === 4) expect([['reordered 4 @5'], ['reordered 5 @4']]).toContainEqual(problems);
    else expect(problems).toEqual([`reordered ${from} @${to}`]);
  });

  it.each([1, 5, 9, 10])('names a foreign line inserted at %i, whatever number it claims', (place) => {
    for (const n of [1, 4, 5, 9, 500]) {
      const foreign = texts[3]!.replace(/"n":\d+/, `"n":${n}`).replace('rtsp', 'none');
      const content = texts.toSpliced(place - 1, 0, foreign);
      expect(named(verifyChain(lines(content), { first: 1, head })), `n=${n}`).toEqual([`inserted ${n} @${place}`]);
    }
  });

  it('names a line that stands there twice', () => {
    expect(named(verifyChain(lines(texts.toSpliced(5, 0, texts[2]!)), { head }))).toEqual(['inserted 3 @6']);
    expect(named(verifyChain(lines(texts.toSpliced(3, 0, 'rubbish')), { head }))).toEqual(['inserted 0 @4']);
  });

  it('names a first entry that pretends nothing came before it', () => {
    const second = serialiseShard(entries, { n: 0, prev: 'a'.repeat(64) });
    expect(named(verifyChain(shardLines('s', second.text)))).toEqual(['changed 1 @1']);
  });

  it('checks 100,000 entries in seconds', () => {
    const many = serialiseShard(
      Array.from({ length: 100_000 }, (_, index) => entries[index % entries.length]!),
      { n: 0, prev: CHAIN_START },
    );
    const all = shardLines('s', many.text);
    expect(named(verifyChain([...all.slice(0, 70_000), ...all.slice(70_001)]))).toEqual(['removed 70001']);
  }, 30_000);
});
