import { isIP, isIPv6 } from 'node:net';
import { pinOf } from '../certificate-pin.js';
import { Failure } from '../errors.js';

/** Where a camera is, and how to sign in. */
export interface OnvifTarget {
  host: string;
  /** Default 80, or 443 with `secure`. */
  port?: number;
  /** Default `/onvif/device_service`. */
  path?: string;
  /** HTTPS, for everything that is asked of it. Default false. */
  secure?: boolean;
  /**
   * SHA-256 of its certificate, since cameras sign their own: hexadecimal or base64, with or without `SHA256:` and colons, as
   * `openssl x509 -fingerprint -sha256` prints. Without it the certificate must be one this machine trusts.
   */
  certificate?: string;
  username?: string;
  password?: string;
  /**
   * Let the password itself go over plain HTTP, to a camera that takes nothing but Basic. Default false: whoever poses as the
   * camera, or listens, would have it.
   */
  plainPassword?: boolean;
}

export const DEVICE_PATH = '/onvif/device_service';

export function portOf({ port, secure }: OnvifTarget): number {
  return port ?? (secure ? 443 : 80);
}

/** `http://192.168.1.64:8000`, always with its port: what addresses are compared by. */
export function originOf(target: OnvifTarget): string {
  return `${target.secure ? 'https' : 'http'}://${urlHost(target.host)}:${portOf(target)}`;
}

/** IPv6 addresses stand in brackets. */
export function urlHost(host: string): string {
  return isIPv6(host) ? `[${host}]` : host;
}

/** How messages name it. */
export function nameOf(target: OnvifTarget): string {
  return `${urlHost(target.host)}:${portOf(target)}`;
}

/** Throws `target-invalid` and says which field is wrong; nothing has been sent then. */
export function checkTarget(target: OnvifTarget): void {
  if (isIP(target.host) === 0 && !/^[a-z0-9]([a-z0-9._-]{0,251}[a-z0-9])?$/i.test(target.host)) {
    throw invalid('host', target.host, 'Give an IP address or a host name alone, without http:// and port.');
  }
  const port = portOf(target);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw invalid('port', String(port), 'Give a number from 1 to 65535.');
  }
  if (target.path !== undefined && !/^\/[\x21-\x7e]*$/.test(target.path)) {
    throw invalid('path', target.path, 'It begins with a slash and has no spaces, as /onvif/device_service.');
  }
  if (target.certificate !== undefined) pinOf(target.certificate);
}

function invalid(field: string, value: string, hint: string): Failure {
  return new Failure(`${field} ${JSON.stringify(value)} is not valid`, {
    kind: 'permanent',
    code: 'target-invalid',
    hint,
  });
}
