import { isIP } from 'node:net';
import type { Fault } from './faults.js';
import { parseListen } from './listen.js';
import type { Config } from './schema.js';

/** What is known of the machine a configuration is checked on. */
export interface Machine {
  /** Its own addresses. */
  addresses: readonly string[];
  /** How large the disk of the storage folder is; undefined where that cannot be told. */
  diskBytes?: number;
  /** Folders that lie on the disk of the storage folder. */
  sameDisk?: ReadonlySet<string>;
  /** Files and folders of the configuration that are not there, or that this user may not look at. */
  unseen?: ReadonlyMap<string, 'missing' | 'hidden'>;
}

/**
 * What is valid, and cannot have been meant on this machine. No faults: a configuration is also checked on a laptop, for a
 * recorder that has other addresses and another disk.
 */
export function warningsOf(config: Config, machine: Machine): Fault[] {
  return [
    ...foreignAddress('web.listen', config.web.listen, machine),
    ...(config.inbox?.ftp ? foreignAddress('inbox.ftp.listen', config.inbox.ftp.listen, machine) : []),
    ...sameDisk(config, machine),
    ...unseen(config, machine),
    ...sameCamera(config),
    ...tooMuchFree(config, machine),
    ...tooSmall(config),
  ];
}

/** Names of hosts are left to whoever looks them up. */
function foreignAddress(path: string, listen: string, { addresses }: Machine): Fault[] {
  const { host } = parseListen(listen);
  const isAny = host === '0.0.0.0' || host === '::';
  if (isIP(host) === 0 || isAny || host === '::1' || host.startsWith('127.') || addresses.includes(host)) return [];
  const own = addresses.length > 0 ? `one of ${addresses.join(', ')}` : 'an address of it';
  const remedy = `this machine does not have that address, so nothing can listen there. Write ${own}, or 0.0.0.0 for all`;
  return [{ path, value: JSON.stringify(listen), remedy }];
}

function sameDisk({ remotes, storage }: Config, machine: Machine): Fault[] {
  const remedy = `this is the same disk as that of \`storage.dir\` (${storage.dir}): both copies are lost with it, and take its room twice. Write a folder of another disk, or of another machine`;
  return Object.entries(remotes).flatMap(([name, remote]) =>
    remote.type === 'folder' && machine.sameDisk?.has(remote.path)
      ? [{ path: `remotes.${name}.path`, value: JSON.stringify(remote.path), remedy }]
      : [],
  );
}

function unseen({ remotes }: Config, machine: Machine): Fault[] {
  return Object.entries(remotes).flatMap(([name, remote]) => {
    const [field, path] =
      remote.type === 'folder' ? ['path', remote.path] : 'key_file' in remote ? ['key_file', remote.key_file] : [];
    const how = path === undefined ? undefined : machine.unseen?.get(path);
    if (how === undefined) return [];
    const missing =
      field === 'path'
        ? 'there is no such folder on this machine, and it is never made: mount its disk, or make it'
        : `there is no such file on this machine: write where the private key lies, or make one: nvr-uplink keys generate ${path}`;
    const remedy =
      how === 'missing'
        ? missing
        : 'this user may not look at it, so it was not checked: do this as the user the recorder runs as';
    return [{ path: `remotes.${name}.${field}`, value: JSON.stringify(path), remedy }];
  });
}

/** Several channels of one recorder have one address. */
function sameCamera({ cameras }: Config): Fault[] {
  const first = new Map<string, string>();
  return Object.entries(cameras).flatMap(([name, { address, channel = 1 }]) => {
    const camera = `${address} ${channel}`;
    const twin = first.get(camera);
    if (address === undefined || twin === undefined) {
      first.set(camera, name);
      return [];
    }
    const remedy = `${twin} has the same address: one camera would be recorded twice. Write another address, or the \`channel\` of each`;
    return [{ path: `cameras.${name}.address`, value: JSON.stringify(address), remedy }];
  });
}

function tooMuchFree({ storage }: Config, { diskBytes }: Machine): Fault[] {
  if (diskBytes === undefined || storage.min_free < diskBytes) return [];
  const lost =
    storage.when_full === 'keep' ? 'no copy is kept here, and status is never ok' : 'FOOTAGE NO REMOTE HAS IS GIVEN UP';
  const remedy = `the whole disk of ${storage.dir} has ${size(diskBytes)}: so much can never be free, and ${lost}. Write less than a tenth of the disk, e.g. ${size(diskBytes / 20)}`;
  return [{ path: 'storage.min_free', value: size(storage.min_free), remedy }];
}

/** What a camera sends at the very least, bits a second. */
const LEAST_RATE = 1e6;

function tooSmall({ storage, record, cameras }: Config): Fault[] {
  const fileBytes = (segmentMs: number) => (LEAST_RATE / 8) * (segmentMs / 1_000);
  const files = Object.entries(cameras).map(([name, camera]) => ({
    path: `cameras.${name}.storage.max`,
    max: camera.storage?.max,
    bytes: fileBytes(camera.record?.segment ?? record.segment),
  }));
  const shared = files.filter(({ max }) => max === undefined).reduce((sum, { bytes }) => sum + bytes, 0);
  return [{ path: 'storage.max', max: storage.max, bytes: shared }, ...files].flatMap(({ path, max, bytes }) => {
    if (max === undefined || max >= bytes) return [];
    const whose = path === 'storage.max' ? 'one file of each camera takes' : 'one file of it takes';
    const remedy = `${whose} ${size(bytes)} at 1 Mbit/s already: no copy stays here once it was uploaded. Write a day of footage or more, e.g. 50GB, or leave it out`;
    return [{ path, value: size(max), remedy }];
  });
}

/** As the configuration writes it. */
function size(bytes: number): string {
  const [unit, of] =
    bytes >= 1e12 ? ['TB', 1e12] : bytes >= 1e9 ? ['GB', 1e9] : bytes >= 1e6 ? ['MB', 1e6] : ['kB', 1e3];
  return `${Number((bytes / (of as number)).toFixed(1))}${unit}`;
}
