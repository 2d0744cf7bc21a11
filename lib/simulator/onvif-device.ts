import { aboutOperations } from './onvif-device-about.js';
import { networkOperations } from './onvif-device-network.js';
import { timeOperations } from './onvif-device-time.js';
import { userOperations } from './onvif-device-users.js';
import type { ServiceFactory } from './onvif-service.js';

/** The device service (ONVIF device management, ver10). */
export const deviceService: ServiceFactory = (device) => ({
  name: 'device',
  operations: {
    ...aboutOperations(device),
    ...timeOperations(device),
    ...networkOperations(device),
    ...userOperations(device),
  },
});
