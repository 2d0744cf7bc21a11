import type { Ledger } from '../ledger/ledger.js';
import type { Condition } from './conditions.js';

/** A way into the inbox, at this moment. */
export interface LiveDoor {
  name: string;
  /** Files seen and not taken in yet; of these, the ones that are not whole. */
  waiting: number;
  unfinished: number;
  problem?: string;
}

const DAY_MS = 86_400_000;
/** A camera that delivered nothing for longer is no longer spoken of. */
const SPOKEN_OF_MS = 30 * DAY_MS;

/** What came in within a day, and what became of it. */
export function inboxStatus(ledger: Ledger, now: number, doors: readonly LiveDoor[]) {
  const { stored, bytes, unknown, setAside, lastSetAside, lastUnknown } = ledger.arrivals.summary(now - DAY_MS);
  return {
    doors: [...doors],
    stored24h: stored,
    bytes24h: bytes,
    unknown24h: unknown,
    setAside24h: setAside,
    lastSetAside,
    lastUnknown,
  };
}

export type InboxStatus = ReturnType<typeof inboxStatus>;

/** Cameras that deliver: those that are named in the configuration, and those that did lately. */
export function deliveringCameras(ledger: Ledger, now: number, named: readonly string[]): string[] {
  return [...new Set([...named, ...ledger.arrivals.cameras(now - SPOKEN_OF_MS)])].sort();
}

/** Names come from strangers: a terminal is not to obey what stands in them. */
function harmless(text: string): string {
  return text.replace(/\p{Cc}|\p{Cf}/gu, '\ufffd');
}

export function inboxConditions(status: InboxStatus): Condition[] {
  return conditionsOf(status).map(({ id, text }) => ({ id, text: harmless(text) }));
}

function conditionsOf({ doors, unknown24h, setAside24h, lastSetAside, lastUnknown }: InboxStatus): Condition[] {
  const files = (count: number) => (count === 1 ? 'a file' : `${count} files`);
  const broken = doors.flatMap(({ name, problem }) =>
    problem ? [{ id: `inbox-door:${name}`, text: `The inbox cannot take in what comes to ${name}: ${problem}` }] : [],
  );
  const damaged = lastSetAside && {
    id: 'inbox-damaged',
    text: `${files(setAside24h)} came to the inbox damaged, and not uploaded; last ${lastSetAside.door}/${lastSetAside.path}: ${lastSetAside.reason}. Kept as ${lastSetAside.kept}`,
  };
  const unknown = lastUnknown && {
    id: 'inbox-unknown',
    text: `No rule knows the names of ${files(unknown24h)} that came to the inbox; last ${lastUnknown.door}/${lastUnknown.path}. Stored as ${lastUnknown.camera}, by when they came: set a \`layout\`.`,
  };
  return [...broken, ...(damaged ? [damaged] : []), ...(unknown ? [unknown] : [])];
}
