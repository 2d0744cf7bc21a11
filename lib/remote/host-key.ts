import { createHash } from 'node:crypto';
import { Failure } from '../errors.js';

/**
 * Which host keys are accepted: a set of pins, because a server may have several (AWS Transfer adds key types over time),
 * or, only by this explicit choice, whatever the first contact shows.
 */
export type HostKeyPolicy = readonly string[] | TrustOnFirstUse;

export interface TrustOnFirstUse {
  /** Told the fingerprint to pin before the connection is used; the connection fails if this rejects. */
  trustOnFirstUse: (fingerprint: string) => void | Promise<void>;
}

/** `SHA256:…` exactly as OpenSSH prints it (base64 without padding) of a public key in wire format. */
export function fingerprintOf(publicKey: Buffer): string {
  return `SHA256:${createHash('sha256').update(publicKey).digest('base64').replace(/=+$/, '')}`;
}

/** Decides on the key a server presents, before any credential is sent. One per remote: it remembers a first use. */
export class HostKeys {
  readonly #pins: Set<string>;
  readonly #firstUse: TrustOnFirstUse | undefined;
  #pinning: Promise<void> = Promise.resolve();

  constructor(policy: HostKeyPolicy) {
    const pinned = 'trustOnFirstUse' in policy ? [] : policy;
    this.#firstUse = 'trustOnFirstUse' in policy ? policy : undefined;
    this.#pins = new Set(pinned.map((pin) => pin.replace(/=+$/, '')));
  }

  /** Synchronous and strictly boolean: ssh2 1.17 accepts the host on anything else, a promise of `false` included. */
  accepts(fingerprint: string): boolean {
    const firstUse = this.#firstUse;
    if (firstUse && this.#pins.size === 0) {
      this.#pins.add(fingerprint);
      this.#pinning = (async () => firstUse.trustOnFirstUse(fingerprint))();
      // Reported by `pinned`, which every connection awaits.
      this.#pinning.catch(() => undefined);
    }
    return this.#pins.has(fingerprint);
  }

  /** Resolves once a first use was pinned by whoever was asked to; at once otherwise. */
  async pinned(): Promise<void> {
    try {
      await this.#pinning;
    } catch (cause) {
      this.#pins.clear();
      this.#pinning = Promise.resolve();
      throw new Failure('The host key of the first contact could not be pinned', {
        kind: 'transient',
        code: 'host-key-not-pinned',
        hint: 'Check that the storage folder can be written.',
        cause,
      });
    }
  }

  refusal(name: string, fingerprint: string): Failure {
    if (this.#pins.size === 0) {
      return new Failure(`The host key of ${name} is not pinned`, {
        kind: 'permanent',
        code: 'host-key-unknown',
        hint: `It presents ${fingerprint}; compare that with what the server's owner says, then add it to host_key.`,
      });
    }
    return new Failure(`The host key of ${name} is none of those pinned; no credential was sent`, {
      kind: 'permanent',
      code: 'host-key-changed',
      hint: `It now presents ${fingerprint}; if its owner confirms the change, add that to host_key.`,
    });
  }
}
