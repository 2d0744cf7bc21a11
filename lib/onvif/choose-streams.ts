import type { MediaProfile } from './profiles.js';

/** What is recorded; anything else only if there is nothing of these. Which of the two first is a matter of the picture's size. */
const RECORDABLE = ['H264', 'H265'];

/** What analysis and a wall of pictures want: enough to see, cheap to decode. */
const SUB_PIXELS = 640 * 360;

/**
 * The stream to record and the one to look at, by what they are: names and order are the maker's fancy. Of a recorder's many
 * sources, those of `source`, by default the first stream's. There is no sub stream where none is clearly smaller.
 */
export function chooseStreams<Stream extends MediaProfile>(
  streams: readonly Stream[],
  source = streams[0]?.source,
): { main: Stream | undefined; sub: Stream | undefined } {
  const ours = streams.filter((one) => one.source === source);
  const [main] = [...ours].sort((a, b) => rank(a) - rank(b) || pixels(b) - pixels(a) || speed(b) - speed(a));
  if (!main) return { main: undefined, sub: undefined };
  const [sub] = ours
    .filter((one) => one !== main && isRecordable(one) && isSmaller(one, main))
    .sort((a, b) => distance(a) - distance(b) || decoding(a) - decoding(b) || speed(a) - speed(b));
  return { main, sub };
}

function isRecordable({ codec }: MediaProfile): boolean {
  return RECORDABLE.includes(codec);
}

function rank(stream: MediaProfile): number {
  return isRecordable(stream) ? 0 : stream.codec === 'JPEG' ? 2 : 1;
}

function pixels({ width = 0, height = 0 }: MediaProfile): number {
  return width * height;
}

/** Between streams of one size: frames, then bits. */
function speed({ fps = 0, bitrateKbps = 0 }: MediaProfile): number {
  return fps * 1e6 + bitrateKbps;
}

function isSmaller(one: MediaProfile, main: MediaProfile): boolean {
  if (pixels(one) === 0 || pixels(main) === 0) return (one.bitrateKbps ?? 0) < (main.bitrateKbps ?? 0);
  return pixels(one) < pixels(main);
}

/** By how many doublings it misses the size wanted. */
function distance(stream: MediaProfile): number {
  return Math.abs(Math.log2(Math.max(1, pixels(stream)) / SUB_PIXELS));
}

/** Every browser plays H.264. */
function decoding({ codec }: MediaProfile): number {
  return RECORDABLE.indexOf(codec);
}
