import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { Failure } from './errors.js';

interface Cost {
  /** log2 of the cost N; memory is 128 · r · N bytes. */
  ln: number;
  r: number;
  p: number;
}

/** 32 MiB and about a tenth of a second on a small server: dear for whoever guesses, affordable on a Raspberry Pi. */
const COST: Cost = { ln: 15, r: 8, p: 1 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** A hash that asks for more than this was not made here, and would only stop the machine. */
const DEAREST: Cost = { ln: 18, r: 16, p: 4 };

const FORMAT =
  /^\$scrypt\$ln=(?<ln>\d{1,2}),r=(?<r>\d{1,2}),p=(?<p>\d{1,2})\$(?<salt>[A-Za-z0-9+/]{22,86})\$(?<hash>[A-Za-z0-9+/]{43,86})$/;

/** A salted scrypt hash in the PHC string format, `$scrypt$ln=15,r=8,p=1$SALT$HASH`: it says itself how it was made. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(password, salt, HASH_BYTES, COST);
  return `$scrypt$ln=${COST.ln},r=${COST.r},p=${COST.p}$${unpadded(salt)}$${unpadded(hash)}`;
}

/** Whether `password` is the one `hash` was made of, in constant time. Rejects with code `password-hash-invalid`. */
export async function verifyPassword(password: string, hash: string): Promise<boolean> {
  const parsed = parse(hash);
  if (!parsed) {
    throw new Failure('The stored password hash cannot be read.', {
      kind: 'permanent',
      code: 'password-hash-invalid',
      hint: 'Set the password again.',
    });
  }
  const derived = await derive(password, parsed.salt, parsed.hash.length, parsed.cost);
  return timingSafeEqual(derived, parsed.hash);
}

/** Whether `text` is a hash {@link verifyPassword} can check against. */
export function isPasswordHash(text: string): boolean {
  return parse(text) !== undefined;
}

function parse(text: string): { cost: Cost; salt: Buffer; hash: Buffer } | undefined {
  const groups = FORMAT.exec(text)?.groups as Record<string, string> | undefined;
  if (!groups) return undefined;
  const cost = { ln: Number(groups.ln), r: Number(groups.r), p: Number(groups.p) };
  const isSound = (['ln', 'r', 'p'] as const).every((name) => cost[name] >= 1 && cost[name] <= DEAREST[name]);
  if (!isSound) return undefined;
  return { cost, salt: Buffer.from(groups.salt!, 'base64'), hash: Buffer.from(groups.hash!, 'base64') };
}

function derive(password: string, salt: Buffer, length: number, { ln, r, p }: Cost): Promise<Buffer> {
  const N = 2 ** ln;
  // Keyboards differ in how they compose `é`; the same characters must be the same password.
  const text = password.normalize('NFKC');
  return new Promise((resolve, reject) => {
    // scrypt needs a little more than 128·N·r; Node's default limit is just that of its own default cost.
    scrypt(text, salt, length, { N, r, p, maxmem: 256 * N * r }, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}

function unpadded(data: Buffer): string {
  return data.toString('base64').replace(/=+$/, '');
}
