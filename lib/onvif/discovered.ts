import { isIPv6 } from 'node:net';
import type { Announcement } from './discovery-wire.js';
import { normalMac } from './neighbours.js';
import { scopeFacts } from './scopes.js';
import type { OnvifTarget } from './target.js';

/** A device that was heard. Nothing of it is proven: who answers may say what it likes, but only of its own address. */
export interface Discovered {
  /** Its endpoint reference, in lower case: the same at every start, mostly. */
  uuid: string | undefined;
  /** Of its device service, likeliest first, without a sign-in. Always on the address that answered. */
  addresses: readonly OnvifTarget[];
  name: string | undefined;
  /** Mostly the model. */
  hardware: string | undefined;
  /** As it tells itself, or else as this machine's neighbour table has it. */
  mac: string | undefined;
  scopes: readonly string[];
  /** The IP address that answered. */
  from: string;
}

/** One device at one address, as far as it has been heard. */
interface Heard {
  uuid: string | undefined;
  from: string;
  xaddrs: Set<string>;
  scopes: Set<string>;
}

/** No network of cameras is larger; a flood of made-up ones ends here. */
const MAX_DEVICES = 4096;
/** Of one sender: recorders announce their channels, and liars as many as they like. */
const MAX_PER_SENDER = 256;

/** Puts together what comes in many datagrams: probes are repeated, answers doubled, and arrive through two networks. */
export class Gathering {
  readonly #heard = new Map<string, Heard>();
  readonly #perSender = new Map<string, number>();

  get size(): number {
    return this.#heard.size;
  }

  add({ uuid, xaddrs, scopes }: Announcement, from: string): void {
    const key = `${from} ${uuid ?? ''}`;
    const known = this.#heard.get(key);
    const heard = known ?? { uuid, from, xaddrs: new Set(), scopes: new Set() };
    if (!known) {
      const count = this.#perSender.get(from) ?? 0;
      if (this.#heard.size >= MAX_DEVICES || count >= MAX_PER_SENDER) return;
      this.#perSender.set(from, count + 1);
      this.#heard.set(key, heard);
    }
    for (const xaddr of xaddrs) if (heard.xaddrs.size < 16) heard.xaddrs.add(xaddr);
    for (const scope of scopes) if (heard.scopes.size < 128) heard.scopes.add(scope);
  }

  /** `neighbours` are MACs by IPv4 address. */
  devices(neighbours: ReadonlyMap<string, string>): Discovered[] {
    const found: Discovered[] = [];
    for (const heard of this.#heard.values()) {
      const device = deviceOf(heard, neighbours.get(heard.from));
      const twin = found.findIndex((other) => isSame(other, device));
      if (twin < 0) found.push(device);
      else found[twin] = merged(found[twin]!, device);
    }
    return found.sort((a, b) => compareAddresses(a.from, b.from));
  }
}

function deviceOf({ uuid, from, xaddrs, scopes }: Heard, neighbour: string | undefined): Discovered {
  const { name, hardware, mac } = scopeFacts([...scopes]);
  const addresses = addressesOf([...xaddrs], from);
  return { uuid, addresses, name, hardware, mac: mac ?? normalMac(neighbour), scopes: [...scopes], from };
}

/**
 * The same UUID is the same device, heard through two networks; unless the MACs say otherwise, for some makers give all they
 * make one UUID. Without one on both sides, the MAC or the address decides.
 */
function isSame(a: Discovered, b: Discovered): boolean {
  if (a.uuid !== undefined && b.uuid !== undefined) {
    return a.uuid === b.uuid && (a.mac === b.mac || a.mac === undefined || b.mac === undefined);
  }
  if (a.mac !== undefined && b.mac !== undefined) return a.mac === b.mac;
  return a.from === b.from;
}

function merged(a: Discovered, b: Discovered): Discovered {
  const addresses = [...a.addresses];
  for (const one of b.addresses) if (!addresses.some((other) => isSameAddress(one, other))) addresses.push(one);
  return {
    uuid: a.uuid ?? b.uuid,
    addresses,
    name: a.name ?? b.name,
    hardware: a.hardware ?? b.hardware,
    mac: a.mac ?? b.mac,
    scopes: [...new Set([...a.scopes, ...b.scopes])],
    from: a.from,
  };
}

function isSameAddress(a: OnvifTarget, b: OnvifTarget): boolean {
  return a.host === b.host && a.port === b.port && a.path === b.path && a.secure === b.secure;
}

/**
 * Whatever host it names, it is the sender that is asked: a device cannot send us, or what we know, to somebody else. Those
 * that name the sender come first; IPv6 ones count only where there is no other, since they are of a second network.
 */
function addressesOf(xaddrs: readonly string[], from: string): OnvifTarget[] {
  const urls = xaddrs.flatMap((text) => (URL.canParse(text) ? [new URL(text)] : []));
  const hostOf = (url: URL) => url.hostname.replace(/^\[|\]$/g, '');
  const others = urls.filter((url) => !isIPv6(hostOf(url)));
  const usable = others.length > 0 ? others : urls;
  usable.sort((a, b) => Number(hostOf(b) === from) - Number(hostOf(a) === from));
  const found: OnvifTarget[] = [];
  for (const { protocol, port, pathname, search } of usable) {
    const secure = protocol === 'https:';
    const path = pathname === '/' ? undefined : pathname + search;
    const target = { host: from, port: Number(port) || (secure ? 443 : 80), path, secure };
    if (!found.some((other) => isSameAddress(target, other))) found.push(target);
  }
  return found;
}

/** By number, so that .9 stands before .10. */
function compareAddresses(a: string, b: string): number {
  const number = (ip: string) => ip.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  return number(a) - number(b);
}
