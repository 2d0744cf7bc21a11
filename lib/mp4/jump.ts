import type { Samples } from './samples.js';
import { offsetsOf, readSealed } from './sealed.js';

/** Bytes of a file, `end` exclusive. */
export interface Span {
  start: number;
  end: number;
}

/** Shown after the moment that was asked for, before a player says that it is there: what its decoder holds back. */
const MARGIN_SECONDS = 0.3;

/** Pictures that Chromium's demuxer looks at before it jumps: what `avformat_find_stream_info` wants of H.264. */
const PROBED = 2;

/**
 * What a player reads behind the table of contents of a sealed MP4 when it opens it and jumps to `seconds`: the file's first pictures; and
 * from the last key frame before up to that moment, picture and sound. Throws as `readSealed`.
 */
export function jumpSpans(moov: Buffer, seconds: number): [opening: Span, scene: Span] {
  const { tracks } = readSealed(moov);
  const { track, samples } = tracks.find((one) => one.track.video)!;
  const key = samples.keys.findLast((number) => shown(samples, number - 1) <= seconds * track.timescale) ?? 1;
  const [from, until] = [samples.dts[key - 1]! / track.timescale, seconds + MARGIN_SECONDS];
  return [
    spanOf(samples, samples.dts[0]!, samples.dts[Math.min(PROBED, samples.dts.length - 1)]!),
    around(tracks.map((one) => spanOf(one.samples, from * one.track.timescale, until * one.track.timescale))),
  ];
}

const around = (spans: Span[]) => ({
  start: Math.min(...spans.map(({ start }) => start)),
  end: Math.max(...spans.map(({ end }) => end)),
});

const shown = ({ dts, cts }: Samples, index: number) => dts[index]! + cts[index]!;

/** Of the samples decoded from one time to another, at least one. */
function spanOf(samples: Samples, from: number, to: number): Span {
  const offsets = offsetsOf(samples);
  const first = Math.max(
    0,
    samples.dts.findLastIndex((time) => time <= from),
  );
  const last = Math.max(
    first,
    samples.dts.findLastIndex((time) => time <= to),
  );
  return { start: offsets[first]!, end: offsets[last]! + samples.sizes[last]! };
}
