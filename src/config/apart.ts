import { realpathSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import { Failure } from '../../lib/errors.js';
import type { Fault } from './faults.js';
import type { Places } from './places.js';

interface Place {
  field: string;
  path: string;
}

type Real = (path: string) => string;

/** Every folder that is somewhere it cannot be. Paths are absolute; `real` resolves links. */
export function entangledFolders(config: Places, real: Real = (path) => path): Fault[] {
  return [...entangledStores(config, real), ...entangledDoors(config, real)];
}

/**
 * Folders footage is sent to or read from that are, hold, or lie within that of the storage: retention and the copies would meet
 * there, and one disk would hold both. Two remotes in one folder are one copy that counts as two.
 */
function entangledStores(config: Places, real: Real): Fault[] {
  const own = ownFolders(config);
  const [storage] = own.filter(isStorage);
  const stores = own.filter((place) => !isStorage(place));
  return stores.flatMap((store, index) => {
    const fault = (how: string, other: Place, why: string) => [
      {
        ...{ path: store.field, value: JSON.stringify(store.path) },
        remedy: `it ${how} \`${other.field}\` (${other.path}): ${why}`,
      },
    ];
    const how = storage && relationOf(real(store.path), real(storage.path));
    if (storage && how !== undefined)
      return fault(how, storage, `${AMONG_OWN}. Give it a folder of its own, apart from that one`);
    const twin = stores.slice(0, index).find((other) => real(other.path) === real(store.path));
    if (!twin || !store.field.startsWith('remotes.')) return [];
    return fault(IS_FOLDER, twin, `${ONE_COPY}. Give it a folder of its own, or leave one of the two out`);
  });
}

const IS_FOLDER = 'is the folder of';
const AMONG_OWN = "what is stored there would lie among the recorder's own files, and be lost together with them";
const ONE_COPY = 'one copy would count as two';

/**
 * Folders of the inbox that are, hold, or lie within one the recorder writes to itself, or another one of the inbox: its own
 * files would be taken in as deliveries, moved away and uploaded, the signing key too.
 */
function entangledDoors(config: Places, real: Real): Fault[] {
  const doors = inboxFolders(config);
  const others = [...ownFolders(config)];
  return doors.flatMap((door, index) =>
    [...others, ...doors.slice(0, index)].flatMap((other) => {
      const how = relationOf(real(door.path), real(other.path));
      if (how === undefined) return [];
      const remedy = `it ${how} \`${other.field}\` (${other.path}): what is written there would be taken in as if it had been delivered. Give deliveries a folder of their own, apart from that one`;
      return [{ path: door.field, value: JSON.stringify(door.path), remedy }];
    }),
  );
}

/** As {@link entangledFolders}, by where links lead. Only of use on the machine that records: elsewhere none of it is there. */
export function linkedFolders(config: Places): Fault[] {
  return entangledFolders(config, realPath).map((fault) => ({ ...fault, remedy: `links followed, ${fault.remedy}` }));
}

/** Throws a `Failure` `inbox-entangled` or `folders-entangled`. */
export function refuseEntangledFolders(config: Places): void {
  const [fault] = linkedFolders(config);
  if (!fault) return;
  throw new Failure(`\`${fault.path}\` cannot be ${fault.value}: ${fault.remedy}.`, {
    kind: 'permanent',
    code: fault.path.startsWith('inbox.') ? 'inbox-entangled' : 'folders-entangled',
    hint: 'Correct one of the two in the configuration, or the link, then check it: nvr-uplink config validate',
  });
}

/** What the recorder writes to or reads footage from, as far as it lies in folders of this machine. */
export function ownFolders({ storage, remotes, archive }: Places): Place[] {
  const named = [
    { field: STORAGE, path: storage.dir },
    ...Object.entries(remotes).flatMap(([name, remote]) =>
      remote.type === 'folder' ? [{ field: `remotes.${name}.path`, path: remote.path }] : [],
    ),
    ...(archive?.type === 'folder' ? [{ field: 'archive.path', path: archive.path }] : []),
  ];
  return named.filter(hasPath);
}

function inboxFolders({ inbox }: Places): Place[] {
  return Object.entries(inbox?.folders ?? {})
    .map(([name, { path }]) => ({ field: `inbox.folders.${name}.path`, path }))
    .filter(hasPath);
}

const STORAGE = 'storage.dir';

function isStorage({ field }: Place): boolean {
  return field === STORAGE;
}

/** Where a fault is in the way, it is told for itself. */
function hasPath(place: { field: string; path?: string }): place is Place {
  return place.path !== undefined;
}

function relationOf(path: string, other: string): string | undefined {
  if (path === other) return IS_FOLDER;
  if (within(path, other)) return 'lies within';
  return within(other, path) ? 'contains' : undefined;
}

function within(path: string, folder: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** Of what is not there yet, as far as it is. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const above = dirname(path);
    return above === path ? path : join(realPath(above), basename(path));
  }
}
