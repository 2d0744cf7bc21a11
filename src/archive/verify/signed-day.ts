import { text } from 'node:stream/consumers';
import { indexFolder } from '../../segment.js';
import { dayBounds } from '../day.js';
import { type DayStatement, identityFingerprint, type SignatureCheck, verifySignature } from '../signature.js';
import type { Verified } from './findings.js';
import type { VerifyArchiveOptions } from './verify-archive.js';
import { lowestOf } from './verify-day.js';

/** As long as footage may wait for an uplink before its day can be signed. */
const SIGNED_WITHIN_MS = 2 * 86_400_000;

/**
 * What the newest signature of the day says, if it can be believed. A recorder that lost its ledger signs what it wrote since, and
 * nothing before: of each earlier chain, its newest signature counts too. A day without anything (`hasAny`) is none that lacks one.
 */
export async function signedStatements(
  { reader, site, signers, now }: VerifyArchiveOptions,
  camera: string,
  day: string,
  hasAny: boolean,
  into: Verified,
): Promise<DayStatement[]> {
  const folder = indexFolder(site, camera, day);
  const names = (await reader.names(folder)).filter((name) => /^signature-\d{6,}\.json$/.test(name));
  const statements: DayStatement[] = [];
  let below = Number.POSITIVE_INFINITY;
  for (const name of names.sort((a, b) => numberOf(b) - numberOf(a))) {
    if (numberOf(name) >= below) continue;
    const opened = await reader.open(folder + name);
    if (!opened) continue;
    const check = believed(verifySignature(await text(opened.stream)), signers);
    const isOfDay =
      check.valid && check.statement.site === site && check.statement.camera === camera && check.statement.day === day;
    if (check.valid && isOfDay) {
      into.signers.add(identityFingerprint(check.publicKey));
      statements.push(check.statement);
      below = lowestOf(check.statement);
      continue;
    }
    const message = `${folder}${name}: ${check.valid ? 'it was signed for another day' : check.message}`;
    into.findings.push({ kind: 'altered', where: reader.name, camera, key: folder + name, message });
    return statements;
  }
  if (statements.length > 0) return statements;
  if (hasAny && dayBounds(day)!.end < now) into.unsigned++;
  // A day is signed once all of it is there: of the last ones, some may still be on their way.
  if (signers && dayBounds(day)!.end + SIGNED_WITHIN_MS < now) {
    const message = `${folder} bears no signature`;
    into.findings.push({ kind: 'missing', where: reader.name, camera, key: folder, message });
  }
  return [];
}

function numberOf(name: string): number {
  return Number(/\d+/.exec(name)?.[0]);
}

function believed(check: SignatureCheck, signers: readonly string[] | undefined): SignatureCheck {
  if (!check.valid || !signers || signers.includes(identityFingerprint(check.publicKey))) return check;
  const message = `it was signed with another key, ${identityFingerprint(check.publicKey)}`;
  return { valid: false, reason: 'other-key', message };
}

/** A signature may arrive before the last of what it covers. */
export function withoutPending(statement: DayStatement, pending: ReadonlySet<number>): DayStatement {
  return { ...statement, shards: statement.shards.filter(({ number }) => !pending.has(number)) };
}
