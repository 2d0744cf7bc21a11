import type { Finding, Verified } from '../archive/verify/findings.js';
import { type Context, EXIT, print, printJson } from './context.js';
import { count, size, span } from './format.js';
import type { NotLookedAt } from './not-looked-at.js';
import type { VerifyOptions } from './verification.js';
import { type Repaired, repairLines } from './verify-repair.js';

/** What came of a verification. */
export interface Outcome {
  verified: Verified;
  /** What was looked at. */
  places: readonly string[];
  notLookedAt: readonly NotLookedAt[];
  unproven: readonly { remote: string; files: number }[];
  repaired: Repaired | undefined;
  /** Days that were asked for, and of which there is nothing. */
  nothingOn: readonly string[];
  /** Where this disk has a file, if it does. */
  copyOf(key: string): string | undefined;
}

type ReportOptions = Pick<VerifyOptions, 'json' | 'checksum' | 'key'>;

/** Prints it. Exit status 3 on any difference, 2 where of a day that was asked for there is nothing. */
export function report(context: Context, options: ReportOptions, outcome: Outcome): number {
  const { verified, places, notLookedAt, unproven, repaired, nothingOn } = outcome;
  const { findings, gaps, checked, readBytes, signers, unsigned, unread } = verified;
  const of = (kind: Finding['kind']) => findings.filter((finding) => finding.kind === kind).map(told);
  if (options.json) {
    printJson(context, {
      ...{ checked, missing: of('missing'), truncated: of('truncated'), altered: of('altered') },
      ...{ unindexed: of('unindexed'), gaps: gaps.map(({ type: _, ...gap }) => ({ ...gap, ...times(gap) })) },
      ...{
        unaccounted: of('unaccounted'),
        readBytes,
        places: places,
        notLookedAt,
        signers: [...signers],
        unsignedDays: unsigned,
        erased: verified.erased,
        young: verified.young,
        beginnings: verified.beginnings,
        unread,
        nothingOn,
      },
      unproven: unproven,
      ...repaired,
    });
  } else for (const line of lines(options, outcome)) print(context, line);
  // Whoever asked for proof and got none is not told that all is well.
  if (findings.length + unread.length > 0 || notLookedAt.some(({ meant }) => !meant)) return EXIT.degraded;
  return nothingOn.length > 0 ? EXIT.usage : EXIT.ok;
}

function lines(options: ReportOptions, outcome: Outcome): string[] {
  const { verified, places, notLookedAt, unproven, repaired, copyOf, nothingOn } = outcome;
  const { findings, gaps, checked, readBytes, signers, unsigned, unread } = verified;
  const seconds = gaps.reduce((sum, { start, end }) => sum + end - start, 0) / 1_000;
  const depth = readBytes > 0 ? `, ${size(readBytes)} read` : options.checksum ? ', by checksum' : ', by name and size';
  return [
    ...findings.map(
      ({ kind, where, message, key }) => `${kind.padEnd(11)} ${where}: ${message}${copyTold(where, key, copyOf)}`,
    ),
    ...(findings.length > 0 ? [''] : []),
    `${count(checked, 'object')} compared${depth}: ${places.join(', ')}`,
    ...(gaps.length > 0
      ? [`${count(gaps.length, 'gap')} in the index, ${span(seconds)} in all; each has its cause (--json)`]
      : []),
    ...(signers.size > 0
      ? [
          `signed by ${[...signers].join(', ')}${options.key ? ', as expected' : ': compare with the key you noted (--key)'}`,
        ]
      : []),
    ...(verified.erased > 0
      ? [`Erased on purpose, by receipts in the index: ${count(verified.erased, 'entry', 'entries')}`]
      : []),
    ...verified.beginnings.map(
      ({ where, camera, key, after }) =>
        `${where}: the index of ${camera} begins anew at ${key}\n→ A recorder lost its ledger then, or \`index rebuild\` was run. That what was before ended with ${after}, only signatures prove.`,
    ),
    ...(verified.young > 0
      ? [`Younger than 2 h, listed by no index yet, and not to be judged: ${count(verified.young, 'file')}`]
      : []),
    ...(unsigned > 0 ? [`Over, and without a signature: ${count(unsigned, 'day')}`] : []),
    ...unread.map(
      (name) =>
        `${name}: names and sizes only; its bytes were NOT compared\n→ Set \`archive\` to where they can be read.`,
    ),
    ...unproven.map(
      ({ remote, files }) =>
        `${remote} took ${count(files, 'file')} without proof\n→ Where its store can be read, --repair looks them up.`,
    ),
    ...notLookedAt.map(
      ({ where, reason, hint, meant }) =>
        `NOT looked at${meant ? ', as configured' : ''}: ${where}: ${reason}${hint ? `\n→ ${hint}` : ''}`,
    ),
    ...(nothingOn.length > 0 ? [`There is nothing on ${nothingOn.join(', ')} (UTC), here or at any place.`] : []),
    verdict(findings.length, unread.length + notLookedAt.length > 0, checked),
    ...(repaired ? repairLines(repaired) : []),
  ];
}

/** The first thing anybody wants to know of what is lost or damaged elsewhere. */
function copyTold(where: string, key: string | undefined, copyOf: Outcome['copyOf']): string {
  const path = where === 'disk' || key === undefined ? undefined : copyOf(key);
  return path === undefined ? '' : `\n${''.padEnd(12)}→ a copy is on this disk until retention frees it: ${path}`;
}

function verdict(differences: number, isPartial: boolean, checked: number): string {
  if (differences > 0) return differences === 1 ? 'One difference.' : `${differences} differences.`;
  if (isPartial) return 'No difference in what could be compared.';
  return checked === 0 ? 'No difference; there was no object to compare.' : 'All is as it was stored.';
}

function told({ where, key, camera, message }: Finding) {
  return { where, key, camera, message };
}

function times({ start, end }: { start: number; end: number }) {
  return { start: new Date(start).toISOString(), end: new Date(end).toISOString() };
}
