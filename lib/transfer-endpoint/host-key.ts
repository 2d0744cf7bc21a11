import ssh2 from 'ssh2';
import { Failure } from '../errors.js';
import { fingerprintOf } from '../remote/host-key.js';
import { generateKeyPair } from '../remote/key-pair.js';

export interface HostKey {
  /** OpenSSH private key file. A secret. */
  privateKey: string;
  /** One line, `ssh-ed25519 AAAA…`. */
  publicKey: string;
  /** `SHA256:…`, what clients pin. */
  fingerprint: string;
}

/** A new Ed25519 host key. */
export function generateHostKey(): HostKey {
  const pair = generateKeyPair();
  return { privateKey: pair.private, publicKey: pair.public, fingerprint: hostKeyFingerprint(pair.private) };
}

/** `SHA256:…` as OpenSSH prints it, of a private or public key (PEM or OpenSSH). Throws `host-key-invalid`. */
export function hostKeyFingerprint(key: string): string {
  const parsed = ssh2.utils.parseKey(key);
  if (parsed instanceof Error) {
    // The parser's message is not passed on: it may repeat parts of the key.
    throw new Failure('The host key cannot be read', { kind: 'permanent', code: 'host-key-invalid' });
  }
  const first = Array.isArray(parsed) ? parsed[0] : parsed;
  return fingerprintOf(first.getPublicSSH());
}
