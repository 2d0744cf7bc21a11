import { recordingEngineContract } from './recording-engine.js';

recordingEngineContract('auto', { processes: false, transcodes: true, exact: true });
