import { isIPv4 } from 'node:net';

/** Where a camera's ONVIF service is, as the configuration and the command line give it. */
export interface CameraAddress {
  host: string;
  /** Undefined: whichever of the usual ones answers. */
  port?: number;
  /** Undefined: whichever of the usual ones answers. */
  path?: string;
  secure: boolean;
}

const FORM = 'write ADDRESS, ADDRESS:PORT or https://ADDRESS, e.g. 192.168.1.20';

/** What is wrong with an address and what to write instead; undefined for `HOST[:PORT]` and `http[s]://HOST[:PORT][/PATH]`. */
export function addressProblem(text: string): string | undefined {
  if (text.includes('@')) return 'sign-in details do not belong in the address; use `username` and `password`';
  if (/^rtsps?:/i.test(text)) return 'that is a stream; write it as `streams: { main: rtsp://… }`';
  if (/\s/.test(text) || !URL.canParse(urlOf(text))) return `not an address; ${FORM}`;
  const url = new URL(urlOf(text));
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return `"${url.protocol}//" is not supported; ${FORM}`;
  if (url.search || url.hash) return `not an address; ${FORM}`;
  const host = hostOf(text);
  // A URL makes 192.168.0.1 of 192.168.1, which nobody means.
  if (/^[\d.]+$/.test(host) && !isIPv4(host)) return `not an IP address; ${FORM}`;
  if (portOf(text) === 0) return `no port is 0; ${FORM}`;
  return undefined;
}

/** Throws a RangeError for what {@link addressProblem} objects to. */
export function parseCameraAddress(text: string): CameraAddress {
  const problem = addressProblem(text);
  if (problem) throw new RangeError(problem);
  const url = new URL(urlOf(text));
  const path = url.pathname === '/' ? undefined : url.pathname;
  return { host: hostOf(text), port: portOf(text), path, secure: url.protocol === 'https:' };
}

/** The shortest text that {@link parseCameraAddress} reads as this. */
export function formatCameraAddress({ host, port, path, secure }: CameraAddress): string {
  const name = host.includes(':') ? `[${host}]` : host;
  const scheme = secure ? 'https://' : path ? 'http://' : '';
  return `${scheme}${name}${port === undefined ? '' : `:${port}`}${path ?? ''}`;
}

/** Without what goes without saying: the usual port and path. */
export function plainAddress(target: { host: string; port?: number; path?: string; secure?: boolean }): CameraAddress {
  const { host, port, path, secure = false } = target;
  return {
    ...{ host, secure },
    ...(port !== (secure ? 443 : 80) && { port }),
    ...(path !== '/onvif/device_service' && { path }),
  };
}

function urlOf(text: string): string {
  return text.includes('://') ? text : `http://${text}`;
}

function hostOf(text: string): string {
  return authorityOf(text)
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '');
}

/** Read from the text: a URL forgets a port that is its scheme's own, and `:80` says not to look elsewhere. */
function portOf(text: string): number | undefined {
  const port = /:(\d+)$/.exec(authorityOf(text))?.[1];
  return port === undefined ? undefined : Number(port);
}

function authorityOf(text: string): string {
  return urlOf(text)
    .replace(/^[^/]*\/\//, '')
    .replace(/\/.*$/, '');
}
