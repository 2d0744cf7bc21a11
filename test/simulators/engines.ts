import { systemClock } from '../../lib/clock.js';
import { createLog } from '../../lib/log.js';
import type { RecordingEngine } from '../../src/recording/engine.js';
import { recordingEngines } from '../../src/recording/engines.js';
import { NativeEngine } from '../../src/recording/native-engine.js';

export type EngineName = 'ffmpeg' | 'native' | 'auto';

/** Every implementation of `RecordingEngine`, by name. */
export function newEngine(name: EngineName): RecordingEngine {
  if (name === 'native') return new NativeEngine(systemClock);
  return recordingEngines('ffmpeg', systemClock, createLog({ level: 'silent' }))[name];
}
