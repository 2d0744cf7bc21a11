import { Failure } from '../../lib/errors.js';
import { streams } from '../../lib/onvif/media.js';
import { type CameraAddress, formatCameraAddress } from '../config/camera-address.js';
import { channelsOf } from './interview.js';
import type { Sighting } from './place.js';
import { type ReachOptions, reach, type SignIn } from './reach.js';

/** A recorder has dozens of streams to tell. */
const STREAMS_MS = 15_000;

/** Who is at an address, and what it streams: no more than recording needs. */
export async function ask(
  address: CameraAddress,
  signIn: SignIn & { channel?: number },
  options: ReachOptions,
): Promise<Sighting> {
  const connection = await reach(address, signIn, options);
  const { serial, mac, uuid } = await connection.identity();
  const channels = channelsOf(await streams(connection, { signal: options.signal, deadlineMs: STREAMS_MS }));
  const wanted = signIn.channel ?? 1;
  const channel = channels.find(({ number }) => number === wanted);
  if (!channel) throw noStream(address, wanted, channels.length);
  return { serial, mac, uuid, main: channel.main.uri, sub: channel.sub?.uri };
}

function noStream(address: CameraAddress, wanted: number, count: number): Failure {
  const name = formatCameraAddress(address);
  return new Failure(count === 0 ? `${name} offers no stream by RTSP` : `${name} has no channel ${wanted}`, {
    kind: 'permanent',
    code: 'stream-invalid',
    hint:
      count === 0
        ? 'Switch a video stream on at the camera, or give its address as `streams: { main: rtsp://… }`.'
        : `It has ${count}: correct \`channel\` in the configuration.`,
  });
}
