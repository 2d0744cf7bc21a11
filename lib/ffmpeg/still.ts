import { runChild } from '../child.js';
import type { Clock } from '../clock.js';
import { type Jpeg, readJpeg } from '../jpeg.js';
import { redact } from '../redact.js';
import { relayTls } from '../rtsp/tls-relay.js';
import { RTSP_INPUT, type RtspSource, rtspInput } from './rtsp-input.js';
import { streamFailure } from './sample.js';

/** How long a camera may take to begin a stream and come to its first keyframe. */
const STILL_MS = 20_000;

const SOCKET_TIMEOUT_US = 8_000_000;

/** The next keyframe of a stream as a JPEG, by a connection of its own. Rejects as `sampleStream` does. */
export async function takeStill(ffmpeg: string, source: RtspSource, clock: Clock, signal: AbortSignal): Promise<Jpeg> {
  const limit = new AbortController();
  const onAbort = () => limit.abort();
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  void clock.sleep(STILL_MS, limit.signal).then(onAbort);
  // Keyframes alone: of what comes before the first one, a decoder makes grey smears.
  const args = ['-hide_banner', '-v', 'error', '-threads', '1', '-skip_frame', 'nokey', ...RTSP_INPUT];
  const output = ['-map', '0:v:0', '-an', '-frames:v', '1', '-threads', '1', '-q:v', '3', '-f', 'mjpeg', 'pipe:1'];
  const relay = await relayTls(source);
  try {
    const input = rtspInput(relay.source, SOCKET_TIMEOUT_US);
    const result = await runChild(ffmpeg, [...args, ...output], limit.signal, { input, clock });
    if (result.stdout.length > 0) return readJpeg(result.stdout);
    throw relay.failure ?? streamFailure(redact(result.stderr, [source.password]), source.transport);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
    limit.abort();
    relay.close();
  }
}
