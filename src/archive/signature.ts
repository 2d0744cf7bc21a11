import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as z from 'zod';
import { Failure } from '../../lib/errors.js';
import { writeFileDurably } from '../../lib/files.js';
import { indexFolder } from '../segment.js';

/** The recorder's Ed25519 key and the daily statement it signs. The specification is docs/archive-format.md. */

export interface Identity {
  /** Base64 of the DER SubjectPublicKeyInfo: the middle lines of a PEM public key. */
  publicKey: string;
  sign(data: Uint8Array): Uint8Array;
}

/**
 * The key kept in `path` (PKCS #8 PEM, 0600), made at the first call. Throws a `Failure` when the file is damaged or others
 * may read it; it is never replaced, because a new key would make honest archives look forged.
 */
export async function loadIdentity(path: string): Promise<Identity> {
  const pem = (await readIdentity(path)) ?? (await createIdentity(path));
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType !== 'ed25519') throw new Error(`a key of type ${key.asymmetricKeyType}`);
    return { publicKey: exportPublicKey(pem), sign: (data) => sign(null, data, key) };
  } catch (error) {
    throw new Failure(`The recorder's signing key ${path} is not an Ed25519 private key.`, {
      kind: 'permanent',
      code: 'identity-damaged',
      hint: 'Restore it from a backup, or move it away to start with a new one that verifiers must be told about.',
      // What the parser says may quote the key file.
      cause: error instanceof Error ? error.name : undefined,
    });
  }
}

async function readIdentity(path: string): Promise<string | undefined> {
  try {
    const { mode } = await stat(path);
    // Windows has no such bits and shows every file as readable by all.
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw new Failure(`The recorder's signing key ${path} can be read by other users.`, {
        kind: 'permanent',
        code: 'identity-exposed',
        hint: `chmod 600 ${path}`,
      });
    }
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function createIdentity(path: string): Promise<string> {
  const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  await mkdir(dirname(path), { recursive: true });
  await writeFileDurably(path, pem, 0o600);
  return pem;
}

function exportPublicKey(pem: string): string {
  return createPublicKey(pem).export({ type: 'spki', format: 'der' }).toString('base64');
}

/** What people compare: `SHA256:` and the base64 SHA-256 of the public key's DER bytes, without padding. */
export function identityFingerprint(publicKey: string): string {
  const hash = createHash('sha256').update(Buffer.from(publicKey, 'base64')).digest('base64');
  return `SHA256:${hash.replace(/=+$/, '')}`;
}

/** What a signature says of one shard: the running numbers it holds, and the hash of its last line. */
export interface ShardHead {
  number: number;
  first: number;
  last: number;
  head: string;
}

export interface DayStatement {
  site: string;
  camera: string;
  /** `YYYY-MM-DD`, UTC. */
  day: string;
  /** Every shard of the day, by number. */
  shards: ShardHead[];
  /** UTC milliseconds. */
  signedAt: number;
}

/** `{site}/index/{camera}/{YYYY}/{MM}/{DD}/signature-{shard}.json`, where `shard` is the last one it covers. */
export function signatureKey(site: string, camera: string, day: string, shard: number): string {
  return `${indexFolder(site, camera, day)}signature-${String(shard).padStart(6, '0')}.json`;
}

/** The text of a signature file: the statement as one line of JSON with `signature` as its last field. */
export function signDay(identity: Identity, { site, camera, day, shards, signedAt }: DayStatement): string {
  const statement = JSON.stringify({
    version: 1,
    site,
    camera,
    day,
    shards: shards.map(({ number, first, last, head }) => ({ number, first, last, head })),
    signedAt: new Date(signedAt).toISOString(),
    publicKey: identity.publicKey,
  });
  const signature = Buffer.from(identity.sign(Buffer.from(statement))).toString('base64');
  return `${statement.slice(0, -1)},"signature":"${signature}"}\n`;
}

const fileSchema = z.object({
  version: z.literal(1),
  site: z.string(),
  camera: z.string(),
  day: z.string(),
  shards: z
    .array(z.object({ number: z.int().min(1), first: z.int().min(1), last: z.int().min(1), head: z.string() }))
    .min(1),
  signedAt: z.string().transform((text) => Date.parse(text)),
  publicKey: z.string(),
});

/** The signed bytes are those of the file, not of a re-serialisation, so that fields of newer writers verify too. */
const SIGNED = /^(?<statement>\{.*),"signature":"(?<signature>[A-Za-z0-9+/]{86}==)"\}\n?$/;

export type SignatureCheck =
  | { valid: true; statement: DayStatement; publicKey: string }
  | { valid: false; reason: 'unreadable' | 'forged' | 'other-key'; message: string };

/**
 * Checks the text of a signature file. A signature only proves something when its key is one the verifier trusts: without
 * `trusted` (public keys) any key is accepted, and the caller has to look at `publicKey`.
 */
export function verifySignature(text: string, trusted?: readonly string[]): SignatureCheck {
  const { statement, signature } = SIGNED.exec(text)?.groups ?? {};
  if (!statement || !signature) return refuse('unreadable', 'it does not have the form of a signature file');
  const signed = `${statement}}`;
  const parsed = fileSchema.safeParse(parseJson(signed));
  if (!parsed.success) return refuse('unreadable', parsed.error.issues.map((issue) => issue.message).join('; '));
  const { publicKey, version: _version, ...day } = parsed.data;
  if (!verifyBytes(publicKey, signed, signature)) {
    return refuse('forged', 'the signature does not belong to this statement');
  }
  if (trusted && !trusted.includes(publicKey)) {
    return refuse('other-key', `it was signed with a key that is not trusted, ${identityFingerprint(publicKey)}`);
  }
  return { valid: true, statement: day, publicKey };
}

function refuse(reason: 'unreadable' | 'forged' | 'other-key', message: string): SignatureCheck {
  return { valid: false, reason, message };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Undefined fails the schema, which is how a file that is not JSON is reported.
    return undefined;
  }
}

function verifyBytes(publicKey: string, signed: string, signature: string): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), type: 'spki', format: 'der' });
    return (
      key.asymmetricKeyType === 'ed25519' && verify(null, Buffer.from(signed), key, Buffer.from(signature, 'base64'))
    );
  } catch {
    // Thrown for bytes that are no public key: nothing was signed with that.
    return false;
  }
}
