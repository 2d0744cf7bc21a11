import { resolve } from 'node:path';

/** Something of a configuration that may name a folder, or a file with authorities. */
interface Named {
  type?: string;
  path?: string;
  ca_file?: string;
}

/** What of a configuration names folders and files of this machine. */
export interface Places {
  storage: { dir?: string };
  remotes: Record<string, Named>;
  alerts: Record<string, Named>;
  mqtt?: Named;
  archive?: Named;
  inbox?: { folders: Record<string, { path?: string }> };
}

/** Where footage is kept unless it is said. */
export const STORAGE_DIR = './nvr-uplink-data';

/**
 * Read from settings that may be faulty in any way, so that what is wrong with a folder is told with everything else that is wrong. What is no
 * text is none of them. Paths become absolute.
 */
export function placesOf(settings: unknown, base: string): Places {
  const absolute = (path: unknown) => (typeof path === 'string' && path !== '' ? resolve(base, path) : undefined);
  const named = (node: unknown): Named => {
    const { type, path, ca_file: file } = group(node);
    return { ...(typeof type === 'string' && { type }), path: absolute(path), ca_file: absolute(file) };
  };
  const all = (node: unknown) =>
    Object.fromEntries(Object.entries(group(node)).map(([name, one]) => [name, named(one)]));
  const { storage, remotes, alerts, mqtt, archive, inbox } = group(settings);
  const { dir = STORAGE_DIR } = group(storage);
  return {
    storage: { dir: absolute(dir) },
    ...{ remotes: all(remotes), alerts: all(alerts), mqtt: named(mqtt), archive: named(archive) },
    inbox: { folders: all(group(inbox).folders) },
  };
}

function group(node: unknown): Record<string, unknown> {
  return typeof node === 'object' && node !== null && !Array.isArray(node) ? (node as Record<string, unknown>) : {};
}
