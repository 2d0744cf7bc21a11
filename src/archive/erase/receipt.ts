import { createPublicKey, verify } from 'node:crypto';
import * as z from 'zod';
import { type Identity, identityFingerprint } from '../signature.js';

/** Says that entries were erased on purpose, and by whom. It lies in the folder of their day, beside the shards. */
export interface ErasureReceipt {
  version: 1;
  site: string;
  camera: string;
  /** `YYYY-MM-DD`, UTC. */
  day: string;
  /** ISO 8601. */
  erasedAt: string;
  /** Who ran the command. */
  by: string;
  reason: string;
  entries: { n: number; hash: string }[];
}

const schema = z.object({
  version: z.literal(1),
  site: z.string(),
  camera: z.string(),
  day: z.string(),
  erasedAt: z.string(),
  by: z.string(),
  reason: z.string(),
  entries: z.array(z.object({ n: z.int(), hash: z.string() })),
});

const SIGNED =
  /^(?<statement>\{.*),"publicKey":"(?<publicKey>[A-Za-z0-9+/=]+)","signature":"(?<signature>[A-Za-z0-9+/]{86}==)"\}\n?$/;

/** `erased-{time in ms}.json`, in the folder of the day. */
export function receiptName(now: number): string {
  return `erased-${now}.json`;
}

export const RECEIPT = /^erased-\d+\.json$/;

/** The text of a receipt; signed where the recorder's key is at hand. */
export function writeReceipt(receipt: ErasureReceipt, identity: Identity | undefined): string {
  const statement = JSON.stringify(receipt);
  if (!identity) return `${statement}\n`;
  const signature = Buffer.from(identity.sign(Buffer.from(statement))).toString('base64');
  return `${statement.slice(0, -1)},"publicKey":"${identity.publicKey}","signature":"${signature}"}\n`;
}

/** What a receipt says, and the fingerprint of who signed it; undefined for what is none, or was changed. */
export function readReceipt(text: string): (ErasureReceipt & { signer?: string }) | undefined {
  const { statement, publicKey, signature } = SIGNED.exec(text)?.groups ?? {};
  try {
    if (!statement) return schema.parse(JSON.parse(text));
    const key = createPublicKey({ key: Buffer.from(publicKey!, 'base64'), type: 'spki', format: 'der' });
    if (!verify(null, Buffer.from(`${statement}}`), key, Buffer.from(signature!, 'base64'))) return undefined;
    return { ...schema.parse(JSON.parse(`${statement}}`)), signer: identityFingerprint(publicKey!) };
  } catch {
    // No JSON, or no key: not a receipt.
    return undefined;
  }
}
