import { describe, expect, it } from 'vitest';
import { failureOf, isAudioRefused, ProgressReader, segmentLine } from '../../../src/recording/ffmpeg-output.js';

describe("ffmpeg's progress", () => {
  const report = (frame: string, time: string) => [
    `frame=${frame}`,
    'fps=15.0',
    `out_time_us=${time}`,
    'progress=continue',
  ];
  const read = (...lines: string[]) => {
    const reader = new ProgressReader();
    return lines.map((line) => reader.line(line)).filter((event) => event !== undefined);
  };

  it('is one event for each report in which frames had arrived', () => {
    expect(read(...report('15', '1000000'), ...report('30', '2000000'))).toEqual([
      { type: 'progress', mediaMs: 1_000, frames: 15 },
      { type: 'progress', mediaMs: 2_000, frames: 30 },
    ]);
  });

  it('is none when nothing arrived, or no time is known yet', () => {
    expect(read(...report('0', 'N/A'), ...report('0', '0'))).toEqual([]);
    expect(read(...report('15', '1000000'), ...report('15', '1000000'))).toHaveLength(1);
    expect(read(...report('3', 'N/A'), ...report('3', '-200000'))).toEqual([]);
  });
});

describe("ffmpeg's segment list", () => {
  it('names closed files and their media times', () => {
    expect(segmentLine('000012.mp4,60.066667,120.133333')).toEqual({
      ...{ name: '000012.mp4', startMs: 60_066.667, endMs: 120_133.333 },
    });
    expect(segmentLine('000000.mp4,-0.5,5.5\r')).toMatchObject({ startMs: -500, endMs: 5_500 });
  });

  it.each(['', 'garbage', '../x.mp4,1,2', '000000.mp4,1'])('is not "%s"', (line) => {
    expect(segmentLine(line)).toBeUndefined();
  });
});

describe("ffmpeg's last words", () => {
  // As ffmpeg 5.1 prints them.
  const words: [string, string, string][] = [
    [
      '[rtsp @ 0x5] method DESCRIBE failed: 401 Unauthorized\npipe:0: Server returned 401 Unauthorized (authorization failed)',
      'sign-in-refused',
      'permanent',
    ],
    ['[rtsp @ 0x5] method DESCRIBE failed: 403 Forbidden', 'sign-in-refused', 'permanent'],
    [
      '[tcp @ 0x5] Connection to tcp://10.0.0.5:554?timeout=8000000 failed: Connection refused\n[concat @ 0x5] Impossible to open',
      'unreachable',
      'transient',
    ],
    ['[tcp @ 0x5] Connection to tcp://10.0.0.5:554 failed: No route to host', 'unreachable', 'transient'],
    ['[tcp @ 0x5] Failed to resolve hostname camera.lan: Name or service not known', 'unreachable', 'transient'],
    ['[tcp @ 0x5] Connection to tcp://10.0.0.5:554 failed: Connection timed out', 'unreachable', 'transient'],
    ['[rtsp @ 0x5] method DESCRIBE failed: 404 Not Found', 'stream-invalid', 'transient'],
    ['[rtsp @ 0x5] method SETUP failed: 454 Session Not Found', 'stream-invalid', 'transient'],
    [
      "Stream map '0:v:0' matches no streams.\nTo ignore this, add a trailing '?' to the map.",
      'stream-invalid',
      'transient',
    ],
    [
      '[mp4 @ 0x5] Could not find tag for codec mjpeg in stream #0\nCould not write header for output file #0',
      'stream-invalid',
      'transient',
    ],
    [
      '[segment @ 0x5] Failure occurred when ending segment\nav_interleaved_write_frame(): No space left on device',
      'disk-full',
      'transient',
    ],
    ['', 'unreachable', 'transient'],
  ];

  it.each(words)('%s', (stderr, code, kind) => {
    const failure = failureOf(stderr, { streamed: false });
    expect(failure).toMatchObject({ code, kind });
    expect(failure.message.length).toBeGreaterThan(5);
  });

  it.each([
    ['tcp', 'nothing over TCP', 'Write `transport: udp`'],
    ['udp', 'nothing over UDP', 'Write `transport: tcp`'],
  ] as const)('name the setting where the camera sends nothing over %s', (transport, message, hint) => {
    const stderr =
      '[rtsp @ 0x5] method SETUP failed: 461 Unsupported Transport\npipe:0: Server returned 4XX Client Error, but not one of 40{0,1,3,4}';
    expect(failureOf(stderr, { streamed: false, transport })).toMatchObject({
      ...{ code: 'stream-invalid', kind: 'transient' },
      ...{ message: expect.stringContaining(message), hint: expect.stringContaining(hint) },
    });
  });

  it('are of a stream that ended, once frames had come', () => {
    expect(failureOf('', { streamed: true })).toMatchObject({ code: 'stream-ended', message: 'the stream ended' });
    const broken = '[rtsp @ 0x5] CSeq 9 expected, 0 received.\npipe:0: Connection timed out';
    expect(failureOf(broken, { streamed: true })).toMatchObject({ code: 'stream-ended', kind: 'transient' });
    expect(failureOf('av_interleaved_write_frame(): No space left on device', { streamed: true }).code).toBe(
      'disk-full',
    );
  });

  it('are of a camera that says nothing, once ffmpeg waited for it in vain', () => {
    const unopened = "[concat @ 0x5] Impossible to open 'rtsp://x'\npipe:0: Invalid data found when processing input";
    expect(failureOf('', { streamed: true, quiet: true })).toMatchObject({ code: 'silent', kind: 'transient' });
    expect(failureOf('pipe:0: Connection timed out', { streamed: true, quiet: true }).code).toBe('silent');
    expect(failureOf(unopened, { streamed: false, quiet: true }).code).toBe('silent');
    expect(failureOf(unopened, { streamed: false, quiet: false }).code).toBe('stream-invalid');
    expect(failureOf('av_write_trailer(): No space left on device', { streamed: true, quiet: true }).code).toBe(
      'disk-full',
    );
    expect(
      failureOf(`[rtsp @ 0x5] method DESCRIBE failed: 404 Not Found\n${unopened}`, { streamed: false, quiet: true })
        .code,
    ).toBe('stream-invalid');
    expect(failureOf('Connection timed out', { streamed: false, quiet: true }).code).toBe('unreachable');
  });

  it('tell audio that MP4 cannot hold from video that it cannot hold', () => {
    const audio =
      '[mp4 @ 0x5] Could not find tag for codec pcm_mulaw in stream #1, codec not currently supported in container';
    const video =
      '[mp4 @ 0x5] Could not find tag for codec wmv3 in stream #0, codec not currently supported in container';
    expect(isAudioRefused(audio)).toBe(true);
    expect(isAudioRefused(video)).toBe(false);
    expect(isAudioRefused('No space left on device')).toBe(false);
  });
});
