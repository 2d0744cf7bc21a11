import type { Clock } from '../../lib/clock.js';
import { Failure } from '../../lib/errors.js';
import { OnvifConnection, type OnvifTarget } from '../../lib/onvif/connection.js';
import { probeAddress } from '../../lib/onvif/discovery.js';
import { type CameraAddress, formatCameraAddress } from '../config/camera-address.js';

export interface SignIn {
  username?: string;
  password?: string;
  /** Pins the certificate of one that speaks HTTPS. */
  certificate?: string;
}

export interface ReachOptions {
  clock: Clock;
  signal: AbortSignal;
  /** To open the connection. */
  deadlineMs?: number;
}

/**
 * Signs in to the camera at an address. What the address leaves open, port or path, is what it mostly is; where no camera
 * answers there, the usual others are tried without signing in. Rejects with the `Failure`s of `OnvifConnection.open`.
 */
export async function reach(address: CameraAddress, signIn: SignIn, options: ReachOptions): Promise<OnvifConnection> {
  const { host, port, path, secure } = address;
  const { username, password } = signIn;
  const signed = { username, password, certificate: secure ? signIn.certificate : undefined };
  try {
    return await OnvifConnection.open({ host, port, path, secure, ...signed }, options);
  } catch (error) {
    const isElsewhere = error instanceof Failure && ['unreachable', 'not-onvif'].includes(error.code);
    if (!isElsewhere || (port !== undefined && path !== undefined)) throw error;
    const { clock, signal } = options;
    const found = await probeAddress(host, { clock, signal, port });
    const other = found.find((one) => one.secure === secure);
    if (other) return await OnvifConnection.open({ ...other, ...signed }, options);
    throw found[0] ? otherScheme(found[0]) : error;
  }
}

/** A pinned certificate is not to be had by guessing, and plain HTTP not by mistake. */
function otherScheme({ host, port, secure = false, certificate }: OnvifTarget): Failure {
  const address = formatCameraAddress({ host, port: port === 443 ? undefined : port, secure });
  return new Failure(`${host} speaks ONVIF over ${secure ? 'HTTPS' : 'plain HTTP'} only`, {
    kind: 'permanent',
    code: 'not-onvif',
    hint: secure
      ? `Write \`address: ${address}\` and, once compared, \`certificate: ${certificate}\`.`
      : `Write \`address: ${address}\`, or switch HTTPS on at the camera.`,
  });
}
