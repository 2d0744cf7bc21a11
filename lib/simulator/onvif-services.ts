import { deviceService } from './onvif-device.js';
import { eventsService } from './onvif-events.js';
import { imagingService } from './onvif-imaging.js';
import { mediaService } from './onvif-media.js';
import { media2Service } from './onvif-media2.js';
import type { ServiceFactory } from './onvif-service.js';
import { recordingService, replayService, searchService } from './onvif-storage.js';

/** Every service a simulated camera can have; which it has, its persona says. */
export const SERVICES: readonly ServiceFactory[] = [
  deviceService,
  mediaService,
  media2Service,
  imagingService,
  eventsService,
  recordingService,
  searchService,
  replayService,
];
