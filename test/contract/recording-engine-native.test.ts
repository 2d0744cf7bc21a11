import { recordingEngineContract } from './recording-engine.js';

recordingEngineContract('native', { processes: false, transcodes: false, exact: true });
