import { CONDUCTS } from './conduct.js';

/**
 * What a camera's ONVIF side can be made to do wrong, each settable while it runs. Beside {@link CONDUCTS}, which are
 * about its streams and its being there at all.
 */
export interface FaultValues {
  /** Its clock is off by this many milliseconds. */
  'clock-skew': number;
  /** After a restart its clock is in 1970, until somebody sets it. */
  'forgets-time': true;
  /** Sets nothing, and says that it did. */
  'ignores-set': true;
  /** Refuses UsernameTokens, as with "Digest only" in its menu. */
  'digest-only': true;
  /** A Digest nonce is good for this many milliseconds; then it is `stale`. */
  'nonce-expiry': number;
  /** Accepts requests and never answers. */
  stalled: true;
  /** One byte of the reply in this many milliseconds. */
  drip: number;
  /** Replies of this many bytes. */
  huge: number;
  /** Replies with what is no SOAP at all. */
  garbage: true;
  /** Replies begin with a DOCTYPE that declares an entity. */
  doctype: true;
  /** Replies are a page of a web server, status 200. */
  'login-page': true;
  /** Addresses of services, streams and snapshots name this host (`10.0.0.9` or `10.0.0.9:81`). */
  'xaddr-host': string;
  /** Its answer to a probe has a space before the addresses, which loses it for some clients. */
  'leading-space': true;
  /** Its answer to a probe has no addresses. */
  'no-xaddrs': true;
  /** Addresses are `http://`, although it was asked over HTTPS. */
  'http-addresses': true;
  /** `GetSnapshotUri` tells an `rtsp://` address with the password in it, as clones do. */
  'rtsp-snapshot': true;
  /** A snapshot is status 200 and nothing. */
  'empty-snapshot': true;
  /** A snapshot is half a JPEG. */
  'cut-snapshot': true;
  /** Subscriptions end after this many milliseconds, whatever was granted. */
  'subscription-expiry': number;
  /** No more than this many subscriptions at once. */
  'subscription-slots': number;
  /** Addresses of subscriptions name this host (`10.0.0.9:1024`). */
  'subscription-host': string;
  /** Refuses to make subscriptions. */
  'no-subscription': true;
  /** Motion never ends. */
  'no-false': true;
  /** A pull is answered at once, with nothing. */
  'hot-pull': true;
  /** Replies about subscriptions leave out their times. */
  'no-times': true;
  /** Times of events are 0000-00-00T00:00:00Z. */
  'zero-times': true;
  /** Renew wants a `wsa:MessageID`. */
  'needs-message-id': true;
  /** Its card was taken out: it has recorded nothing. */
  'no-card': true;
  /** Cannot search the history of its recordings for events. */
  'no-history': true;
}

export type FaultName = keyof FaultValues;

/** How each is written on a command line: what stands after `=`, and what is meant without. */
export const FAULTS: { readonly [Name in FaultName]: FaultForm<FaultValues[Name]> } = {
  'clock-skew': { unit: 'ms', usual: 3_600_000, says: 'its clock is off' },
  'forgets-time': { says: 'its clock is in 1970 after a restart' },
  'ignores-set': { says: 'says it set what it did not' },
  'digest-only': { says: 'refuses UsernameTokens' },
  'nonce-expiry': { unit: 'ms', usual: 1_000, says: 'Digest nonces go stale' },
  stalled: { says: 'accepts requests and never answers' },
  drip: { unit: 'ms', usual: 500, says: 'replies byte by byte' },
  huge: { unit: 'bytes', usual: 300_000_000, says: 'replies are huge' },
  garbage: { says: 'replies with no SOAP at all' },
  doctype: { says: 'replies have a DOCTYPE and an entity' },
  'login-page': { says: 'replies are a web page' },
  'xaddr-host': { unit: 'host', usual: '169.254.169.254', says: 'its addresses name another host' },
  'leading-space': { says: 'a space before its addresses in discovery' },
  'no-xaddrs': { says: 'no addresses in discovery' },
  'http-addresses': { says: 'addresses are http:// over HTTPS as well' },
  'rtsp-snapshot': { says: 'its snapshot address is rtsp:// with the password' },
  'empty-snapshot': { says: 'snapshots are empty' },
  'cut-snapshot': { says: 'snapshots are half a JPEG' },
  'subscription-expiry': { unit: 'ms', usual: 5_000, says: 'subscriptions end early' },
  'subscription-slots': { unit: 'number', usual: 0, says: 'few subscriptions at once' },
  'subscription-host': { unit: 'host', usual: '169.254.169.254:1024', says: 'subscriptions live at another host' },
  'no-subscription': { says: 'refuses subscriptions' },
  'no-false': { says: 'motion never ends' },
  'hot-pull': { says: 'pulls are answered at once' },
  'no-times': { says: 'replies about subscriptions have no times' },
  'zero-times': { says: 'events are dated 0000-00-00' },
  'needs-message-id': { says: 'Renew wants a MessageID' },
  'no-card': { says: 'its SD card was taken out' },
  'no-history': { says: 'its recordings have no history of events' },
};

export type FaultForm<Value> = Value extends true
  ? { says: string }
  : { says: string; unit: 'ms' | 'bytes' | 'number' | 'host'; usual: Value };

/** The faults of one camera at this moment. */
export class Faults {
  readonly #set = new Map<FaultName, unknown>();

  get<Name extends FaultName>(name: Name): FaultValues[Name] | undefined {
    return this.#set.get(name) as FaultValues[Name] | undefined;
  }

  has(name: FaultName): boolean {
    return this.#set.has(name);
  }

  set<Name extends FaultName>(name: Name, value: FaultValues[Name]): void {
    this.#set.set(name, value);
  }

  clear(name?: FaultName): void {
    if (name) this.#set.delete(name);
    else this.#set.clear();
  }
}

/** Reads `name` or `name=value`; throws a RangeError that says what was expected. */
export function parseFault(text: string): { name: FaultName; value: FaultValues[FaultName] } {
  const [, name = text, value] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  if (!Object.hasOwn(FAULTS, name)) {
    throw new RangeError(
      `there is no fault ${JSON.stringify(name)}; there are ${[...Object.keys(CONDUCTS), ...Object.keys(FAULTS)].join(', ')}`,
    );
  }
  const form = FAULTS[name as FaultName] as { unit?: string; usual?: number | string };
  if (form.unit === undefined) {
    if (value === undefined) return { name: name as FaultName, value: true };
    throw new RangeError(`fault ${name} takes no value, got ${JSON.stringify(value)}`);
  }
  if (value === undefined) return { name: name as FaultName, value: form.usual! };
  if (form.unit === 'host') {
    if (/^[\w.-]+(:\d{1,5})?$/.test(value)) return { name: name as FaultName, value };
    throw new RangeError(`fault ${name} wants HOST or HOST:PORT, got ${JSON.stringify(value)}`);
  }
  if (/^-?\d+$/.test(value)) return { name: name as FaultName, value: Number(value) };
  throw new RangeError(`fault ${name} wants a whole number (${form.unit}), got ${JSON.stringify(value)}`);
}
