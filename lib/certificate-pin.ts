import type { TLSSocket } from 'node:tls';
import { Failure } from './errors.js';

/** The certificates of cameras: they sign their own, for no name and for ever, so that one is pinned and nothing else is believed. */

/** The certificate's SHA-256 in lower-case hexadecimal, from any of its spellings. Throws `target-invalid`. */
export function pinOf(certificate: string): string {
  const bare = certificate
    .trim()
    .replace(/^sha-?256(?: fingerprint)?[:=]/i, '')
    .trim();
  const hex = bare.replaceAll(':', '').toLowerCase();
  if (/^[0-9a-f]{64}$/.test(hex)) return hex;
  const bytes = Buffer.from(bare, 'base64');
  if (bytes.length === 32 && /^[a-z0-9+/_-]{43}=?$/i.test(bare)) return bytes.toString('hex');
  throw new Failure(`certificate ${JSON.stringify(certificate)} is not valid`, {
    kind: 'permanent',
    code: 'target-invalid',
    hint: 'Give its SHA-256, as `openssl x509 -fingerprint -sha256` prints it.',
  });
}

/** Before a byte is sent: no request, and no credential in it, goes to another certificate's owner. Undefined if it is the pinned one. */
export function pinFailure(socket: TLSSocket, pinned: string, name: string): Failure | undefined {
  const found = socket.getPeerCertificate().fingerprint256?.replaceAll(':', '').toLowerCase();
  if (found === pinned) return undefined;
  return new Failure(`${name} shows another certificate than the pinned one: SHA256:${found ?? 'none'}`, {
    kind: 'permanent',
    code: 'certificate-changed',
    hint: 'If the camera was replaced or reset, pin the new certificate; if not, find out what answers at its address.',
  });
}

/** What OpenSSL says of chains that do not end in an authority this machine knows, and of names that do not fit. */
const UNTRUSTED = /CERT|SELF_SIGNED|UNABLE_TO|ALTNAME/;

/** What it means that a TLS connection could not be made; undefined if it is not about the certificate. */
export function trustFailure(error: Error & { code?: string }, name: string): Failure | undefined {
  if (!UNTRUSTED.test(error.code ?? '')) return undefined;
  return new Failure(`${name} shows a certificate that nobody vouches for: ${error.message}`, {
    kind: 'permanent',
    code: 'certificate-unknown',
    hint: `Pin it, once you have compared it: openssl s_client -connect ${name} </dev/null | openssl x509 -noout -fingerprint -sha256`,
    cause: error,
  });
}
