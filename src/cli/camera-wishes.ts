import { isIPv4 } from 'node:net';
import * as z from 'zod';
import type { Wishes } from '../camera/wishes.js';
import { cameraSettings } from '../config/camera.js';
import { usage } from './format.js';

export interface StaticAddress {
  address: string;
  prefixLength: number;
}

const ipv4 = z.string().refine(isIPv4, { error: 'write an IPv4 address' });

const staticAddress = z
  .string()
  .refine((text) => isStatic(text), { error: 'write ADDRESS/PREFIX, e.g. 192.168.1.30/24' })
  .transform((text): StaticAddress => {
    const [address, length] = text.split('/');
    return { address: address!, prefixLength: Number(length) };
  });

function isStatic(text: string): boolean {
  const [, address, length] = /^([\d.]+)\/(\d{1,2})$/.exec(text) ?? [];
  return address !== undefined && isIPv4(address) && Number(length) >= 1 && Number(length) <= 30;
}

/** What `camera set` takes beyond what the configuration may wish. */
const wishes = cameraSettings.extend({
  clock: z.literal('now', { error: 'write now: it is set to the time of this machine' }).optional(),
  ip: staticAddress.optional(),
  gateway: ipv4.optional(),
  dns: z.array(z.union([ipv4, z.literal('dhcp')], { error: 'write IPv4 addresses, or dhcp' })).optional(),
});

const STREAM_KEYS = ['codec', 'resolution', 'fps', 'bitrate', 'gop'];
const LISTS = ['ntp', 'dns'];
const KEYS = [...STREAM_KEYS, ...STREAM_KEYS.map((key) => `sub.${key}`)].concat(
  ...['timezone', 'ntp', 'clock', 'hostname', 'ip', 'gateway', 'dns'],
);

/** `fps=15 sub.bitrate=512kbit timezone=Europe/Copenhagen` → wishes. Throws a usage `Failure` that names every fault. */
export function parseWishes(args: readonly string[]): Wishes & { ip?: StaticAddress } {
  const tree: Record<string, unknown> = {};
  const faults = args.flatMap((arg) => put(tree, arg));
  const read = wishes.safeParse(tree);
  if (!read.success) {
    faults.push(...read.error.issues.map(({ path, message }) => `${keyOf(path)}: ${message}`));
  }
  if (faults.length > 0 || !read.success) {
    throw usage(faults.join('\n'), `Settings are: ${KEYS.join(', ')}`);
  }
  return read.data;
}

function put(tree: Record<string, unknown>, arg: string): string[] {
  const [, key = arg, value] = /^([^=]*)=(.+)$/s.exec(arg) ?? [];
  const path = key.startsWith('main.') ? key.slice(5) : key;
  if (value === undefined) return [`${arg}: write it as NAME=VALUE`];
  if (!KEYS.includes(path)) return [`${key}: there is no such setting`];
  const [stream, name] = path.startsWith('sub.') ? ['sub', path.slice(4)] : ['main', path];
  if (!STREAM_KEYS.includes(name)) tree[path] = LISTS.includes(path) ? value.split(',') : value;
  else {
    const group = { ...(tree[stream] as Record<string, unknown> | undefined) };
    tree[stream] = { ...group, [name]: name === 'fps' ? Number(value) : value };
  }
  return [];
}

/** As it was written. */
function keyOf(path: readonly PropertyKey[]): string {
  return path[0] === 'main' ? String(path[1]) : path.filter((part) => typeof part === 'string').join('.');
}
