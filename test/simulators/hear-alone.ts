import onvif from 'onvif';
import { systemClock } from '../../lib/clock.js';
import { discoverReport } from '../../lib/onvif/discovery.js';
import { until } from '../peers/until.js';
import { scriptedCamera } from './scripted-camera.js';
import { ScriptedDiscovery } from './scripted-discovery.js';

// The package's module has names that Node cannot see from outside.
const { Discovery } = onvif;

/**
 * Run as a process of its own, in a network of its own (`unshare -rn`), because whatever answers on loopback answers
 * everybody there. Reads a {@link HearOptions} and prints a {@link HearResult}.
 */
export interface HearOptions {
  /** `resolved`: as applications use the package; `unguarded`: without an error listener; `promise`: its promise version. */
  mode: 'ours' | 'resolved' | 'unguarded' | 'promise';
  /** Base64; `{id}` in it stands for the probe's MessageID. */
  packets: string[];
  /** Whether a camera is there on this port, too. */
  port?: number;
  /** Sent unasked, after the first probe. */
  hello?: string;
}

export interface HearResult {
  /** Ours as they are; of the package's only where they are, since it leaves out who. */
  devices: unknown[];
  malformed: number;
  strayed: number;
  /** Types and MessageIDs that were asked with. */
  probes: { types: string; id: string }[];
  heard: string[];
  /** What nobody could have caught. */
  thrown: string[];
  rejected?: string;
}

const options: HearOptions = JSON.parse(await read(process.stdin));
const responder = new ScriptedDiscovery(...options.packets.map(unpack));
await responder.open();
const camera = options.port === undefined ? undefined : await scriptedCamera({ port: options.port });
const result: HearResult = { devices: [], malformed: 0, strayed: 0, probes: [], heard: [], thrown: [] };
if (options.mode !== 'unguarded') {
  process.on('uncaughtException', (error) => result.thrown.push(String(error)));
  Discovery.on('error', () => undefined);
}
const hello = options.hello;
const greeting = hello && until('a probe', () => responder.probes.length > 0).then(() => responder.hello(hello));
if (options.mode === 'ours') await ours();
else if (options.mode === 'promise') await promised();
else await bare();
await greeting;
result.probes = responder.probes.map((text) => ({ types: part(text, 'Types'), id: part(text, 'MessageID') }));
await responder.close();
await camera?.close();
process.stdout.write(JSON.stringify(result), () => process.exit(0));

async function ours(): Promise<void> {
  const signal = new AbortController().signal;
  const onHeard = (from: string) => void result.heard.push(from);
  const report = await discoverReport({ clock: systemClock, signal, interfaces: ['lo'], waitMs: 4_000, onHeard });
  Object.assign(result, report);
}

async function bare(): Promise<void> {
  Discovery.on('device', ({ hostname, port }: { hostname?: string; port?: string }) => {
    result.devices.push(`${hostname}:${port}`);
  });
  await new Promise<void>((resolve) => Discovery.probe({ device: 'lo', timeout: 2_000 }, () => resolve()));
}

interface Promised {
  Discovery: { probe(options: object): Promise<unknown[]>; on(event: string, listener: () => void): void };
}

async function promised(): Promise<void> {
  const { Discovery: other } = ((await import('onvif/promises/index.js')) as unknown as { default: Promised }).default;
  other.on('error', () => undefined);
  try {
    result.devices = await other.probe({ device: 'lo', timeout: 2_000 });
  } catch (error) {
    result.rejected = String(error);
  }
}

function unpack(base64: string): string | Buffer {
  const bytes = Buffer.from(base64, 'base64');
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes) ? text : bytes;
}

function part(xml: string, tag: string): string {
  return new RegExp(`${tag}[^>]*>([^<]*)<`).exec(xml)?.[1] ?? '';
}

async function read(stream: AsyncIterable<Buffer | string>): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}
