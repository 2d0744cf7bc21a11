import { accessSync, constants } from 'node:fs';
import { messageOf } from '../../lib/errors.js';
import type { Fault } from './faults.js';
import type { Places } from './places.js';

/** Authorities that are named and cannot be read: nothing they vouch for could be reached. Paths are absolute. */
export function unreadableAuthorities({ mqtt, remotes, alerts, archive }: Places): Fault[] {
  const named = [
    ['mqtt', mqtt] as const,
    ...Object.entries(remotes).map(([name, remote]) => [`remotes.${name}`, remote] as const),
    ...Object.entries(alerts).map(([name, target]) => [`alerts.${name}`, target] as const),
    ['archive', archive] as const,
  ];
  return named.flatMap(([path, settings]) => {
    const file = settings?.ca_file;
    return file === undefined ? [] : fault(`${path}.ca_file`, file);
  });
}

function fault(path: string, file: string): Fault[] {
  try {
    accessSync(file, constants.R_OK);
    return [];
  } catch (error) {
    const isGone = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const remedy = `${isGone ? 'there is no such file' : messageOf(error)}; write the path of a PEM file with the certificate`;
    return [{ path, value: JSON.stringify(file), remedy }];
  }
}
