import { Failure, messageOf } from '../../lib/errors.js';

/** A picture and when it was taken, UTC milliseconds. */
export interface Picture {
  jpeg: Buffer;
  at: number;
}

export const SNAPSHOT_SOURCES = ['camera', 'recording', 'stream'] as const;

/** `camera`: made by itself, over HTTP. `recording`: the newest keyframe recorded. `stream`: one frame of a new connection. */
export type SnapshotSource = (typeof SNAPSHOT_SOURCES)[number];

/** Undefined: there is no picture at the moment, and that is no failure. */
export type TakePicture = (signal: AbortSignal) => Promise<Picture | undefined>;

export interface Snapshot extends Picture {
  from: SnapshotSource;
  /** Why those that come first were of no use. */
  refusals: readonly { from: SnapshotSource; failure: Failure }[];
}

export interface SnapshotOptions {
  /** Tried in the order of {@link SNAPSHOT_SOURCES}; those left out are not there. */
  sources: Partial<Record<SnapshotSource, TakePicture>>;
  /** UTC milliseconds: older pictures are of no use. */
  notBefore: number;
  signal: AbortSignal;
}

/**
 * A picture of a camera at this moment: its own, since that costs nothing; else the newest one recorded, which asks nothing of
 * the camera; else one frame of its stream, which is a further connection, and cheap cameras have few.
 * Throws a `Failure` with the code `no-snapshot` that says why each way failed.
 */
export async function takeSnapshot({ sources, notBefore, signal }: SnapshotOptions): Promise<Snapshot> {
  const refusals: { from: SnapshotSource; failure: Failure }[] = [];
  for (const from of SNAPSHOT_SOURCES) {
    const take = sources[from];
    if (!take) continue;
    signal.throwIfAborted();
    try {
      const picture = await take(signal);
      if (picture && picture.at >= notBefore) return { ...picture, from, refusals };
      refusals.push({ from, failure: unavailable(picture) });
    } catch (error) {
      signal.throwIfAborted();
      refusals.push({ from, failure: failureOf(error) });
    }
  }
  throw noSnapshot(refusals);
}

function unavailable(picture: Picture | undefined): Failure {
  const what = picture ? `its newest picture is of ${new Date(picture.at).toISOString()}` : 'it has no picture yet';
  return new Failure(what, { kind: 'transient', code: 'picture-missing' });
}

function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  return new Failure(messageOf(error), { kind: 'transient', code: 'snapshot-failed', cause: error });
}

function noSnapshot(refusals: readonly { from: SnapshotSource; failure: Failure }[]): Failure {
  const reasons = refusals.map(({ from, failure }) => `${from}: ${failure.message}`);
  return new Failure(`No picture could be taken. ${reasons.join('; ') || 'There is nothing to take it from.'}`, {
    kind: refusals.every(({ failure }) => failure.kind === 'permanent') ? 'permanent' : 'transient',
    code: 'no-snapshot',
    hint: refusals.find(({ failure }) => failure.hint)?.failure.hint,
    cause: refusals[0]?.failure,
  });
}
