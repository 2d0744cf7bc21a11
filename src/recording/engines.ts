import type { Clock } from '../../lib/clock.js';
import type { Log } from '../../lib/log.js';
import { AutoEngine } from './auto-engine.js';
import type { RecordingEngine } from './engine.js';
import { FfmpegEngine } from './ffmpeg-engine.js';
import { NativeEngine } from './native-engine.js';

/** The engines by the names they have in the settings; all cameras share them. */
export function recordingEngines(ffmpeg: string, clock: Clock, log: Log): Record<'auto' | 'ffmpeg', RecordingEngine> {
  const other = new FfmpegEngine(ffmpeg, clock);
  return { auto: new AutoEngine(new NativeEngine(clock), other, log), ffmpeg: other };
}
