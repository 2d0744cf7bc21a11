import { setMaxListeners } from 'node:events';
import { systemClock } from '../../lib/clock.js';
import { messageOf } from '../../lib/errors.js';
import { OnvifConnection } from '../../lib/onvif/connection.js';
import { discoverReport } from '../../lib/onvif/discovery.js';

/**
 * usage: tsx find-cameras.ts – looks for cameras on the networks of its host, signs in to each (admin, and the password in
 * $CAMERA_PASSWORD), and prints what it found as JSON. For tests with a network of their own.
 */
const signal = AbortSignal.timeout(80_000);
// All are spoken to at once.
setMaxListeners(0, signal);
const { devices, malformed, strayed } = await discoverReport({ clock: systemClock, signal });
const password = process.env.CAMERA_PASSWORD;
const cameras = await Promise.all(
  devices.map(async ({ from, mac, uuid, name, addresses: [target] }) => {
    const known = { from, mac, uuid, name };
    if (!target) return known;
    const options = { clock: systemClock, signal, deadlineMs: 60_000 };
    try {
      const connection = await OnvifConnection.open({ ...target, username: 'admin', password }, options);
      const { serial, manufacturer } = await connection.identity();
      return { ...known, port: target.port, serial, manufacturer };
    } catch (error) {
      return { ...known, port: target.port, error: messageOf(error) };
    }
  }),
);
console.log(JSON.stringify({ cameras, malformed, strayed }));
process.exit();
