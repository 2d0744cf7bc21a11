import { jitter } from '../backoff.js';
import type { Clock } from '../clock.js';
import type { Discovered } from './discovered.js';
import { DiscoveryListener } from './discovery-listener.js';
import { DiscoverySockets, probeAddresses, type UnusableInterface } from './discovery-sockets.js';
import { type ProbeType, probe } from './discovery-wire.js';
import { neighbours } from './neighbours.js';
import { probeAddress } from './probe-address.js';

export type { Discovered } from './discovered.js';
export { type ProbeAddressOptions, probeAddress } from './probe-address.js';

export interface DiscoverOptions {
  clock: Clock;
  signal: AbortSignal;
  /** How long to listen. Default 4 s: cameras wait before they answer, so as not to answer all at once. */
  waitMs?: number;
  /** Names (`eth0`) or IPv4 addresses. Default: every interface but loopback. */
  interfaces?: readonly string[];
  /** Called once for each device, when it is first heard. */
  onHeard?: (from: string) => void;
}

export interface DiscoveryReport {
  devices: Discovered[];
  /** Datagrams that could not be read: cameras with bad firmware, or somebody's noise. */
  malformed: number;
  /** Answers to what others asked. */
  strayed: number;
  unusable: UnusableInterface[];
}

const WAIT_MS = 4_000;

/** Datagrams get lost, and some cameras sleep through the first. When to ask, in parts of the time to listen. */
const ROUNDS = [0, 0.15, 0.4];
const TYPES: ProbeType[] = ['dn:NetworkVideoTransmitter', 'tds:Device'];

/** Those that told no address are looked for on the usual ports, a few at a time. */
const MAX_PROBED = 64;

/** Devices that answer to WS-Discovery on this machine's networks, or say hello meanwhile. Rejects only for an interface there is not. */
export async function discover(options: DiscoverOptions): Promise<Discovered[]> {
  return (await discoverReport(options)).devices;
}

/** As {@link discover}, with what went wrong. When `signal` aborts, it tells what it has. */
export async function discoverReport(options: DiscoverOptions): Promise<DiscoveryReport> {
  const { clock, signal, waitMs = WAIT_MS, onHeard } = options;
  const addresses = probeAddresses(options.interfaces);
  const listener = new DiscoveryListener(onHeard);
  const sockets = new DiscoverySockets(listener);
  try {
    await sockets.open(addresses);
    await ask(sockets, listener, { clock, signal, waitMs });
  } finally {
    await sockets.close();
  }
  const heard = listener.gathering.devices(await neighbours());
  const { malformed, strayed, problems: unusable } = listener;
  return { devices: await withAddresses(heard, clock, signal), malformed, strayed, unusable };
}

async function ask(
  sockets: DiscoverySockets,
  listener: DiscoveryListener,
  { clock, signal, waitMs }: { clock: Clock; signal: AbortSignal; waitMs: number },
): Promise<void> {
  const began = clock.monotonic();
  for (const part of ROUNDS) {
    const early = jitter(part * waitMs) - (clock.monotonic() - began);
    if (early > 0) await clock.sleep(early, signal);
    if (signal.aborted) return;
    for (const type of TYPES) sockets.send(probe(listener.newProbe(), type));
  }
  await clock.sleep(waitMs - (clock.monotonic() - began), signal);
}

/** A camera that tells no address has one all the same; who answers on none of the usual ports is no camera. */
async function withAddresses(devices: Discovered[], clock: Clock, signal: AbortSignal): Promise<Discovered[]> {
  const silent = devices.filter(({ addresses }) => addresses.length === 0).slice(0, MAX_PROBED);
  const told = devices.filter(({ addresses }) => addresses.length > 0);
  const workers = Array.from({ length: 8 }, async () => {
    for (let next = silent.pop(); next && !signal.aborted; next = silent.pop()) {
      const addresses = await probeAddress(next.from, { clock, signal }).catch(() => []);
      if (addresses.length > 0) told.push({ ...next, addresses });
    }
  });
  await Promise.all(workers);
  return told;
}
