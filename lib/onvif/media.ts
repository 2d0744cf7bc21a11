import type { Cam } from 'onvif';
import { Failure } from '../errors.js';
import { credentialsIn } from './address.js';
import type { OnvifConnection } from './connection.js';
import { GONE } from './failures.js';
import { type MediaProfile, profilesOf } from './profiles.js';
import { escapeXml, textAt } from './xml.js';

export { chooseStreams } from './choose-streams.js';

/** A profile that can be played. */
export interface OnvifStream extends MediaProfile {
  /** RTSP, on the host the camera was reached by, without user and password. */
  uri: string;
  /** What the camera put into its address, as XM's do: seldom better than the user's own, and never to be logged. */
  credentials: { username: string; password: string } | undefined;
  /** HTTP, likewise; undefined where there is none, or one that is no HTTP. */
  snapshotUri: string | undefined;
}

export interface StreamsOptions {
  signal?: AbortSignal;
  /** For all of it. Default 60 s: a recorder may have dozens of channels. */
  deadlineMs?: number;
}

const STREAMS_MS = 60_000;

/**
 * Every stream of a camera, in its own order. By the second media service where there is one and it works, since only
 * that knows H.265; some firmware announces it without having it, and is asked by the first one then.
 */
export async function streams(connection: OnvifConnection, options: StreamsOptions = {}): Promise<OnvifStream[]> {
  const { deadlineMs = STREAMS_MS, signal } = options;
  return await connection.within(deadlineMs, signal, async (limit) => {
    if (!connection.has('media2')) return await streamsOf(connection, 1, limit);
    if (!connection.has('media')) return await streamsOf(connection, 2, limit);
    const found = await unlessGone(streamsOf(connection, 2, limit));
    return found?.length ? found : await streamsOf(connection, 1, limit);
  });
}

async function streamsOf(connection: OnvifConnection, media: 1 | 2, signal: AbortSignal): Promise<OnvifStream[]> {
  const ask = (write: (cam: Cam) => void) => connection.ask(media === 2 ? 'media2' : 'media', write, { signal });
  const profiles = profilesOf(await ask((cam) => cam.getProfiles(() => undefined)), media);
  const found: OnvifStream[] = [];
  let failure: unknown;
  for (const profile of profiles) {
    const options = { protocol: 'RTSP', profileToken: escapeXml(profile.token) };
    try {
      const uri = uriIn(await ask((cam) => cam.getStreamUri(options, () => undefined)));
      const snapshot = await unlessGone(ask((cam) => cam.getSnapshotUri(options, () => undefined)));
      const stream = uri === undefined ? undefined : streamOf(connection, profile, uri, snapshot && uriIn(snapshot));
      if (stream) found.push(stream);
    } catch (error) {
      // One profile without a stream is none to play; a camera that is gone is another matter.
      if (isGone(error)) throw error;
      failure = error;
    }
  }
  if (found.length === 0 && failure) throw failure;
  return found;
}

/** The first version wraps it in a `MediaUri`. */
function uriIn(reply: Parameters<typeof textAt>[0]): string | undefined {
  return textAt(reply, 'MediaUri', 'Uri') ?? textAt(reply, 'Uri');
}

function streamOf(
  connection: OnvifConnection,
  profile: MediaProfile,
  uri: string,
  snapshot: string | undefined,
): OnvifStream | undefined {
  const rewritten = connection.rewrite(uri);
  if (!rewritten.startsWith('rtsp')) return undefined;
  const isPicture = snapshot !== undefined && /^https?:\/\//i.test(snapshot);
  return {
    ...profile,
    uri: rewritten,
    credentials: credentialsIn(uri),
    snapshotUri: isPicture ? connection.rewrite(snapshot) : undefined,
  };
}

/** Undefined where the camera refuses this one thing; what means that it is gone, or that we are to stop, is thrown. */
async function unlessGone<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isGone(error)) throw error;
    return undefined;
  }
}

function isGone(error: unknown): boolean {
  return !(error instanceof Failure) || GONE.includes(error.code);
}
