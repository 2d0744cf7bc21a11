import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CHAIN_START, verifyChain } from '../../../src/archive/chain.js';
import { parseShard, serialiseShard, shardLines } from '../../../src/archive/shard.js';
import { identityFingerprint, signatureKey, signDay, verifySignature } from '../../../src/archive/signature.js';
import { verifyDay } from '../../../src/archive/verify/verify-day.js';
import { GAP_CAUSES, indexKey, isMedia, mediaKey, OFF_REASONS, parseMediaKey } from '../../../src/segment.js';
import { crc64nvme } from '../../simulators/crc64nvme.js';
import { sha256 } from '../../simulators/entries.js';

/** The worked example of the specification is what the code does. */

const doc = readFileSync('docs/archive-format.md', 'utf8');

function example(name: string): string {
  return new RegExp(`<!-- example: ${name} -->\n\`\`\`\\w*\n(?<text>[^]*?)\`\`\``).exec(doc)!.groups!.text!;
}

const key = 'home/index/gate/2026/05/03/02-000001.ndjson';
const text = example('shard');
const hashes = example('hashes').trimEnd().split('\n');
const { entries, problems } = parseShard(key, text);

describe('docs/archive-format.md', () => {
  it('shows a shard with a segment, a snapshot and a gap, in canonical form', () => {
    expect(problems).toEqual([]);
    expect(entries.map((entry) => entry.type)).toEqual(['segment', 'snapshot', 'gap']);
    expect(serialiseShard(entries, { n: 0, prev: CHAIN_START }).text).toBe(text);
    expect(doc).toContain(`\`${indexKey('home', 'gate', entries[0]!.start, 1)}\``);
  });

  it('gives the hashes of its lines, which are its chain', () => {
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => createHash('sha256').update(line).digest('hex')),
    ).toEqual(hashes);
    expect(verifyChain(shardLines(key, text), { first: 1, head: { n: 3, hash: hashes[2]! } })).toEqual([]);
  });

  it('names files that hold their own key, under the keys of the grammar', () => {
    for (const entry of entries) {
      if (!isMedia(entry)) continue;
      expect(mediaKey(parseMediaKey(entry.key)!)).toBe(entry.key);
      expect(entry).toMatchObject({
        bytes: entry.key.length,
        sha256: sha256(entry.key),
        crc64nvme: crc64nvme(Buffer.from(entry.key)),
      });
    }
  });

  it('shows the signature of that day, and the fingerprint of its key', () => {
    const signature = example('signature');
    const check = verifySignature(signature);
    expect(check).toMatchObject({ valid: true, statement: { site: 'home', camera: 'gate', day: '2026-05-03' } });
    if (!check.valid) return;
    expect(verifyDay([{ key, number: 1, text }], check.statement)).toEqual([]);
    expect(doc).toContain(`\`${identityFingerprint(check.publicKey)}\``);
    expect(signatureKey('home', 'gate', '2026-05-03', 1)).toMatch(/signature-000001\.json$/);
    const { publicKey } = check;
    const unsigned = (line: string) => line.slice(0, line.indexOf(',"signature":'));
    expect(unsigned(signDay({ publicKey, sign: () => new Uint8Array(64) }, check.statement))).toBe(unsigned(signature));
  });

  it('cuts the signed bytes out of the file as its shell recipe does', () => {
    const signature = example('signature');
    const recipe = /^sed '(?<script>.*)' signature-000001\.json \| tr -d '\\n' > signed\.json$/m.exec(doc)!.groups!
      .script!;
    const cut = execFileSync('sed', [recipe], { input: signature, encoding: 'utf8' }).replace('\n', '');
    expect(cut).toBe(`${signature.slice(0, signature.lastIndexOf(',"signature":"'))}}`);
  });

  it('names every field that is written and every cause of a gap', () => {
    for (const entry of entries)
      for (const field of Object.keys(entry)) expect(doc).toMatch(new RegExp(`^\\|.*\`${field}\``, 'm'));
    for (const word of [...Object.keys(GAP_CAUSES), ...Object.keys(OFF_REASONS)]) expect(doc).toContain(`\`${word}\``);
    for (const field of ['motion', 'score', 'reason']) expect(doc).toContain(`\`${field}\``);
  });
});
