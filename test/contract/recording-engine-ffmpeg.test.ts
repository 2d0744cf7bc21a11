import { recordingEngineContract } from './recording-engine.js';

recordingEngineContract('ffmpeg', { processes: true, transcodes: true, exact: false });
