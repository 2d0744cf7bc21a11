import { once } from 'node:events';
import { isIP, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { Failure, messageOf } from '../errors.js';
import { lostFailure, quote, unreachableFailure } from './failures.js';

/** Whose certificate is accepted. Without either field: one that an authority known to this machine issued for this host. */
export interface TlsTrust {
  /** PEM of the authorities to accept in place of those known to this machine. The host name is verified all the same. */
  ca?: string | Buffer;
  /**
   * SHA-256 of whole certificates, as `openssl x509 -fingerprint -sha256` prints them. Given any, the server must present
   * one of these, whoever issued it, for whatever name, however old: several, so that it can be renewed.
   */
  fingerprints?: readonly string[];
}

/** Codes of Node and OpenSSL that mean: this certificate is not to be trusted. */
const UNTRUSTED: Record<string, string> = {
  CERT_HAS_EXPIRED: 'it has expired',
  CERT_NOT_YET_VALID: 'it is not valid yet; is the clock of this machine right?',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is signed by itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'its authority is not known here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its authority is not known here',
  UNABLE_TO_GET_ISSUER_CERT: 'its authority is not known here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its authority is not known here',
  CERT_REVOKED: 'it was revoked',
  CERT_UNTRUSTED: 'its authority is not trusted for this',
  CERT_REJECTED: 'its authority is not trusted for this',
  CERT_SIGNATURE_FAILURE: 'its signature is wrong',
  INVALID_CA: 'what signed it is no authority',
  INVALID_PURPOSE: 'it is not meant for servers',
  PATH_LENGTH_EXCEEDED: 'its chain is too long',
  HOSTNAME_MISMATCH: 'it was issued for another host',
  ERR_TLS_CERT_ALTNAME_INVALID: 'it was issued for another host',
};

/** What OpenSSL calls an answer that is no TLS. Of HTTP its code is EPROTO, like much else. */
const NO_TLS = /wrong version number|packet length too long/i;

/** OpenSSL's own order. */
const GROUPS = ['X25519', 'prime256v1', 'X448', 'secp521r1', 'secp384r1'];

/**
 * Begins TLS on a connected socket. The result may be used only after `secureConnect`, and after {@link checkPinned}; it is
 * destroyed with an error where the certificate is not trusted. A resumed `session` proves the same server by itself.
 * `group`: the key exchange that this server chose before. One that it does not like costs another way there and back.
 */
export function startTls(
  socket: Socket,
  host: string,
  trust: TlsTrust,
  { session, group }: { session?: Buffer; group?: string } = {},
): TLSSocket {
  const pinned = isPinned(trust);
  return connect({
    ...{ socket, host, session, minVersion: 'TLSv1.2' },
    ...(group !== undefined && { ecdhCurve: [...new Set([group, ...GROUPS])].join(':') }),
    // Not for addresses (RFC 6066 §3).
    ...(isIP(host) === 0 && { servername: host }),
    ...(trust.ca !== undefined && { ca: trust.ca }),
    // A pinned certificate needs no authority; then `checkPinned` is what decides.
    rejectUnauthorized: !pinned,
  });
}

/** Node destroys the socket, with the reason, where the certificate is not accepted. */
export async function secured(socket: TLSSocket): Promise<void> {
  const ended = new AbortController();
  const closed = once(socket, 'close', ended).then(() => {
    throw new Error('the connection was closed during the TLS handshake');
  });
  try {
    await Promise.race([once(socket, 'secureConnect', ended), closed]);
  } finally {
    closed.catch(() => undefined);
    ended.abort();
  }
}

/** The key exchange of a connection that stands, as {@link startTls} takes it. */
export function groupOf(socket: TLSSocket): string | undefined {
  const { name } = socket.getEphemeralKeyInfo() as { name?: string };
  // Older groups, over plain Diffie-Hellman, have names of other kinds.
  return GROUPS.find((group) => group === name);
}

/** Undefined when `socket` shows a pinned certificate, or none is pinned, or its session was resumed; else what is wrong. */
export function checkPinned(socket: TLSSocket, name: string, trust: TlsTrust): Failure | undefined {
  if (!isPinned(trust) || socket.isSessionReused()) return undefined;
  const shown = socket.getPeerCertificate().fingerprint256;
  if (shown && trust.fingerprints!.some((pin) => canonical(pin) === canonical(shown))) return undefined;
  return new Failure(`The certificate of ${name} is none of those pinned; no credential was sent`, {
    kind: 'permanent',
    code: 'certificate-changed',
    hint: `It now shows ${shown || 'none'}; if its owner confirms the change, add that to certificate.`,
  });
}

const UNREACHABLE = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'EADDRNOTAVAIL',
]);

/** What ended a connection, or kept it from being made. */
export function networkFailure(name: string, cause: unknown): Failure {
  const code = String((cause as { code?: unknown }).code ?? '');
  if (UNREACHABLE.has(code)) return unreachableFailure(name, cause);
  return tlsFailure(name, cause) ?? lostFailure(name, cause);
}

/** What ended a TLS handshake. */
export function tlsFailure(name: string, cause: unknown): Failure | undefined {
  if (cause instanceof Failure) return cause;
  const code = String((cause as { code?: unknown }).code ?? '');
  const reason = UNTRUSTED[code];
  if (reason !== undefined) {
    return new Failure(`The certificate of ${name} is not accepted: ${reason}; no credential was sent`, {
      kind: 'permanent',
      code: 'certificate-refused',
      hint: 'Renew it there, or give its authority, or itself if self-signed, as `ca_file`; FTPS may also pin it as `certificate`.',
      cause,
    });
  }
  if (NO_TLS.test(messageOf(cause))) {
    return new Failure(`${name} answers in the clear where TLS was due`, {
      kind: 'permanent',
      code: 'no-tls',
      hint: 'Check host and port: another service may listen there, or TLS is off. To go without on purpose, give `allow_cleartext: true`, with an `http:` address or `type: ftp`.',
      cause,
    });
  }
  if (!/^ERR_SSL_/.test(code)) return undefined;
  const said = quote(messageOf(cause));
  return new Failure(`${name} and this machine agree on no TLS: ${said}`, {
    kind: 'permanent',
    code: 'algorithms-refused',
    hint: 'The server must speak TLS 1.2 or newer with a current cipher: update it.',
    cause,
  });
}

function isPinned({ fingerprints = [] }: TlsTrust): boolean {
  return fingerprints.length > 0;
}

function canonical(fingerprint: string): string {
  return fingerprint.replaceAll(':', '').toUpperCase();
}
