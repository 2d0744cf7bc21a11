import { systemClock } from '../../lib/clock.js';
import { FfmpegEngine } from '../../src/recording/ffmpeg-engine.js';
import { recordingEngineContract } from './recording-engine.js';

recordingEngineContract('ffmpeg', () => new FfmpegEngine('ffmpeg', systemClock));
