import * as z from 'zod';
import type { Entry, MotionSpan } from '../segment.js';
import { type ChainLine, lineHash } from './chain.js';

/** One index shard: canonical NDJSON, one entry per line. The specification is docs/archive-format.md. */

/** The order in which the fields of a line are written, after `n` and `prev`. Fields an entry lacks are left out. */
const FIELDS = [
  'type',
  'camera',
  'kind',
  'key',
  'start',
  'end',
  'bytes',
  'sha256',
  'crc64nvme',
  'codecs',
  'width',
  'height',
  'source',
  'run',
  'seq',
  'original',
  'dated',
  'cause',
  'detail',
  'motion',
  'reason',
  'byMs',
] as const;

/** The line of one entry, without its newline. `n` and `prev` place it in the camera's chain. */
export function serialiseEntry(entry: Entry, n: number, prev: string): string {
  const values: Record<string, unknown> = {
    ...entry,
    start: new Date(entry.start).toISOString(),
    end: new Date(entry.end).toISOString(),
    ...('motion' in entry && entry.motion && { motion: entry.motion.map(writtenSpan) }),
  };
  return JSON.stringify(Object.fromEntries([['n', n], ['prev', prev], ...FIELDS.map((name) => [name, values[name]])]));
}

function writtenSpan({ start, end, score, kind, source }: MotionSpan) {
  return { start: new Date(start).toISOString(), end: new Date(end).toISOString(), score, kind, source };
}

export interface WrittenShard {
  text: string;
  /** Running numbers of the first and the last line. */
  first: number;
  last: number;
  /** Hex SHA-256 of the last line: what the next entry carries as `prev`. */
  head: string;
}

/** The text of a shard that continues a chain whose last entry has number `n` and hash `prev`. */
export function serialiseShard(entries: readonly Entry[], { n, prev }: { n: number; prev: string }): WrittenShard {
  let text = '';
  let head = prev;
  for (const [index, entry] of entries.entries()) {
    const line = serialiseEntry(entry, n + 1 + index, head);
    text += `${line}\n`;
    head = lineHash(line);
  }
  return { text, first: n + 1, last: n + entries.length, head };
}

export interface ShardProblem {
  shard: string;
  /** From 1; 0 when the whole shard is meant. */
  line: number;
  message: string;
}

/** `toISOString` and nothing else: no other zone, no other precision, no 30 February. */
const time = z
  .string()
  .refine((text) => Number.isFinite(Date.parse(text)) && new Date(text).toISOString() === text, {
    error: 'not a UTC time such as 2026-05-03T12:00:00.000Z',
  })
  .transform((text) => Date.parse(text));

const hash = z.string().regex(/^[0-9a-f]{64}$/, { error: 'not 64 hex digits' });
const count = z.number().int().min(0);

const common = { n: z.number().int().min(1), prev: hash, camera: z.string().min(1), start: time, end: time };

/** `kind`, `cause` and `reason` are open words: a newer writer's must not make older readers lose footage or a gap. */
const media = z.object({
  ...common,
  type: z.enum(['segment', 'snapshot']),
  key: z.string().min(1),
  kind: z.string().min(1),
  bytes: count,
  sha256: hash,
  crc64nvme: z.string().optional(),
  codecs: z.array(z.string()).optional(),
  width: count.optional(),
  height: count.optional(),
  source: z.string(),
  run: z.string().optional(),
  seq: count.optional(),
  original: z.string().optional(),
  dated: z.string().optional(),
  motion: z
    .array(
      z.object({
        ...{ start: time, end: time, score: z.number().min(0).max(1).optional() },
        ...{ kind: z.string().optional(), source: z.string().optional() },
      }),
    )
    .optional(),
});

const gap = z.object({
  ...common,
  type: z.literal('gap'),
  cause: z.string().min(1),
  detail: z.string().optional(),
});

const off = z.object({ ...common, type: z.literal('off'), reason: z.string().min(1) });

const clock = z.object({ ...common, type: z.literal('clock'), byMs: z.number().int() });

/** Stands where an entry was that was erased on purpose; the time is a gap then. */
const erased = z
  .object({ ...common, type: z.literal('erased'), hash })
  .transform(({ hash: _, ...rest }) => ({ ...rest, type: 'gap' as const, cause: 'erased' }));

const SCHEMAS = new Map<unknown, typeof media | typeof gap | typeof off | typeof clock | typeof erased>([
  ['erased', erased],
  ['segment', media],
  ['snapshot', media],
  ['gap', gap],
  ['off', off],
  ['clock', clock],
]);

/**
 * The entries of a shard. Fields and entry types this version does not know are passed over; a line that cannot be read
 * becomes a problem that names it, and never costs the others.
 */
export function parseShard(shard: string, text: string): { entries: Entry[]; problems: ShardProblem[] } {
  const entries: Entry[] = [];
  const problems: ShardProblem[] = [];
  for (const { line, text: content } of shardLines(shard, text)) {
    const read = parseLine(content);
    if (typeof read === 'string') problems.push({ shard, line, message: read });
    else if (read) entries.push(read);
  }
  return { entries, problems };
}

/** The entry, or undefined for a type of the future, or what is wrong with the line. */
function parseLine(text: string): Entry | undefined | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's message quotes the line, which may be anything; that it is not JSON is all there is to say.
    return 'not JSON';
  }
  if (typeof value !== 'object' || value === null || !('type' in value)) return 'not an entry: it has no type';
  const schema = SCHEMAS.get(value.type);
  if (!schema) return typeof value.type === 'string' ? undefined : 'not an entry: its type is not a word';
  const result = schema.safeParse(value);
  if (!result.success) {
    return result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
  }
  const { n: _n, prev: _prev, ...entry } = result.data;
  if (entry.end < entry.start) return 'it ends before it starts';
  return entry as Entry;
}

/** The lines as the chain sees them. A shard that was cut short ends in a line that its writer did not finish. */
export function shardLines(shard: string, text: string): ChainLine[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map((content, index) => ({ shard, line: index + 1, text: content }));
}
