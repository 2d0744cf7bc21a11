import { percentEncode } from '../../lib/redact.js';
import type { StreamSource } from './engine.js';

/**
 * Microseconds ffmpeg waits for a camera that sends nothing at all; without it a silent camera hangs for ever. ffmpeg waits
 * twice as long (measured, 5.1) before it closes its file and ends. That is after the watchdog called the camera silent, and
 * before the grace of a child told to end is over: while it waits, ffmpeg does not hear that it is told to.
 */
const SOCKET_TIMEOUT_US = 6_500_000;

/**
 * The stream as ffmpeg reads it from standard input: a list of one URL. Credentials in argv would be readable by every
 * user of the machine (frigate#3145).
 */
export function sourceList(source: StreamSource): string {
  return [
    'ffconcat version 1.0',
    `file '${urlWithCredentials(source)}'`,
    'option rtsp_transport tcp',
    // Nothing is written while ffmpeg counts frames to guess a rate that nobody asks for: up to five seconds.
    'option fpsprobesize 0',
    `option timeout ${SOCKET_TIMEOUT_US}`,
    '',
  ].join('\n');
}

function urlWithCredentials({ url, username, password }: StreamSource): string {
  const bare = url.replaceAll("'", '%27');
  if (username === undefined) return bare;
  const userinfo = `${percentEncode(username)}:${percentEncode(password ?? '')}`;
  return bare.replace('://', `://${userinfo}@`);
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
    ...['-f', 'concat', '-safe', '0', '-protocol_whitelist', 'pipe,rtsp,rtp,tcp', '-i', 'pipe:0'],
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
