import { convertedStart, convertedUrl, filmUrl } from '../api.js';
import { learnProblem, type Problem } from '../problems.js';
import { session } from '../session.js';
import type { Clip } from './plan.js';

/** Where the pictures of a clip come from: the file itself, the file through the recorder, or the file as H.264. */
export type Way = 'direct' | 'server' | 'converted';

export interface Source {
  way: Way;
  url: string;
  /** UTC ms of the source's time 0. */
  startMs: number;
}

/** What the viewer is told where nothing helps. */
export class PlaybackFault extends Error {
  readonly hint: string;
  readonly code: string;

  constructor(message: string, hint = '', code = 'unplayable') {
    super(message);
    this.hint = hint;
    this.code = code;
  }
}

/** What was learnt about files that did not play as they are. */
const ways = new Map<string, Way>();

export async function sourceOf(clip: Clip, time: number, signal: AbortSignal): Promise<Source> {
  if (clip.frozen) throw frozen(clip.frozen);
  const way = ways.get(clip.key) ?? (canPlay(clip) ? 'direct' : 'converted');
  if (way !== 'converted') {
    const url = filmUrl(clip.key, time - clip.start, way === 'server');
    return { way, url, startMs: clip.start };
  }
  if (!session.value?.capabilities.transcode) throw unplayable(clip);
  const fromMs = Math.max(0, time - clip.start);
  // The picture begins at a keyframe: without knowing which, the clock would be seconds off.
  const startMs = await convertedStart(clip.key, fromMs, signal);
  return { way, url: convertedUrl(clip.key, Math.max(0, startMs - clip.start)), startMs };
}

/** After `error`: another way is tried from now on. Throws a {@link PlaybackFault} where there is none. */
export async function learn(clip: Clip, way: Way, error: MediaError, signal: AbortSignal): Promise<void> {
  const problem = await learnProblem(clip.key, signal);
  if (problem) throw faultOf(problem);
  const isBroken = error.code === MediaError.MEDIA_ERR_DECODE;
  if (way === 'direct' && !isBroken) ways.set(clip.key, 'server');
  else if (way !== 'converted' && session.value?.capabilities.transcode) ways.set(clip.key, 'converted');
  else throw canPlay(clip) ? new PlaybackFault('This file could not be played.', error.message) : unplayable(clip);
}

/** Whether this browser knows the codecs; a file that does not name them is given a try. */
export function canPlay({ codecs }: Clip): boolean {
  if (!codecs?.length) return true;
  return document.createElement('video').canPlayType(`video/mp4; codecs="${codecs.join(', ')}"`) !== '';
}

function unplayable({ codecs }: Clip): PlaybackFault {
  return new PlaybackFault(`This browser cannot play ${codecs?.join(', ')}. Save the file and open it in VLC.`);
}

/** What the recorder says of a file that did not play. */
export function faultOf({ code, message, hint }: Problem): PlaybackFault {
  return code === 'frozen' ? frozen() : new PlaybackFault(message, hint, code);
}

function frozen(storage?: string): PlaybackFault {
  return new PlaybackFault(
    storage ? `This recording is frozen (${storage}).` : 'This recording is frozen.',
    'nvr-uplink restore thaws it; that takes minutes to hours.',
    'frozen',
  );
}
