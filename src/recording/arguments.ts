import { RTSP_INPUT, rtspInput } from '../../lib/ffmpeg/rtsp-input.js';
import type { StreamSource } from './engine.js';

/**
 * Microseconds ffmpeg waits for a camera that sends nothing at all; without it a silent camera hangs for ever. Measured (5.1):
 * it waits twice as long before it closes its file, lets go of the camera and ends; told to end while it waits, it waits this
 * long once more from then. The watchdog tells it 4 to 10 s after the last frame: with this the camera is free within 15.
 */
const SOCKET_TIMEOUT_US = 4_400_000;

/** For ffmpeg's standard input. */
export function sourceList(source: StreamSource): string {
  return rtspInput(source, SOCKET_TIMEOUT_US);
}

/** Seconds between ffmpeg's reports: often enough to notice silence within 15 s, seldom enough not to cost anything. */
const PROGRESS_S = 5;

export interface SegmentArguments {
  segmentMs: number;
  audio: 'copy' | 'aac' | 'none';
}

/** The file that holds the n-th segment of a run. */
export const SEGMENT_PATTERN = '%06d.mp4';

/**
 * ffmpeg's arguments to read the list on fd 0 and write `directory/000000.mp4` …; closed files are named on fd 1 and
 * progress on fd 3. Run it with TZ=UTC: `segment_atclocktime` counts in local time, and twice a year that jumps.
 *
 * Fragmented MP4 with `flush_packets` loses at most the open group of pictures to SIGKILL, where plain MP4 loses the whole file.
 * `frag_discont` and `avoid_negative_ts=disabled` keep the run's media time in each file; without `use_editlist=0` it would be
 * the first frame's time of display, late by the reorder delay where there are B-frames.
 */
export function segmentArguments({ segmentMs, audio }: SegmentArguments): string[] {
  return [
    ...['-hide_banner', '-nostdin', '-loglevel', 'error', '-nostats'],
    ...['-progress', 'pipe:3', '-stats_period', String(PROGRESS_S)],
    ...RTSP_INPUT,
    ...['-map', '0:v:0', ...audioArguments(audio), '-c:v', 'copy'],
    ...['-f', 'segment', '-segment_time', String(segmentMs / 1000), '-segment_atclocktime', '1'],
    ...['-segment_list', 'pipe:1', '-segment_list_type', 'csv', '-segment_format', 'mp4'],
    '-segment_format_options',
    'movflags=+frag_keyframe+empty_moov+default_base_moof+frag_discont:flush_packets=1:avoid_negative_ts=disabled:use_editlist=0',
    SEGMENT_PATTERN,
  ];
}

function audioArguments(audio: SegmentArguments['audio']): string[] {
  if (audio === 'none') return [];
  return ['-map', '0:a:0?', '-c:a', audio, ...(audio === 'aac' ? ['-b:a', '48k'] : [])];
}
