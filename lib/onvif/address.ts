import { Failure } from '../errors.js';
import { redact } from '../redact.js';
import { nameOf, type OnvifTarget, originOf, portOf, urlHost } from './target.js';

/** An address as the camera wrote it, in its parts. */
interface Parts {
  scheme: string;
  userinfo: string | undefined;
  port: number | undefined;
  /** Path, query and all that follows, to the letter: cameras are particular about it. */
  rest: string;
}

const DEFAULT_PORTS: Record<string, number> = { http: 80, https: 443, rtsp: 554, rtsps: 322 };

/**
 * What the camera calls an address, turned into where we reach it. Behind NAT it names one that leads nowhere from here; a
 * hostile one may name somebody else's. The host is therefore always the target's, whatever it says.
 */
export class Addresses {
  readonly #target: OnvifTarget;
  /** The port its device service believes to be on: what stands for the port we reach it by. */
  #ownPort: number | undefined;

  constructor(target: OnvifTarget) {
    this.#target = target;
  }

  /** Takes the address of its device service, as its list of services has it. */
  learn(deviceUri: string | undefined): void {
    const parts = deviceUri === undefined ? undefined : partsOf(deviceUri);
    if (parts?.scheme.startsWith('http')) this.#ownPort = parts.port ?? DEFAULT_PORTS[parts.scheme];
  }

  /**
   * The same path on the target's host, without user and password. Over HTTP the scheme is the target's: one who asked for
   * HTTPS is never talked to without. A port other than that of the device service is kept, as that of RTSP.
   */
  rewrite(uri: string): string {
    const target = this.#target;
    const parts = partsOf(uri);
    if (!parts) throw invalid(target, uri);
    const { scheme, port, rest } = parts;
    if (!scheme.startsWith('http')) {
      return `${scheme}://${urlHost(target.host)}${port === undefined ? '' : `:${port}`}${rest}`;
    }
    const origin = originOf(target);
    if (uri.startsWith(`${origin}/`)) return uri;
    const own = target.secure ? 'https' : 'http';
    const said = port ?? DEFAULT_PORTS[scheme]!;
    const isOther = scheme === own && said !== this.#ownPort && said !== portOf(target) && this.#ownPort !== undefined;
    return isOther ? `${own}://${urlHost(target.host)}:${said}${rest}` : `${origin}${rest}`;
  }
}

/** User and password in an address, as XM's cameras send them; undefined if there are none. */
export function credentialsIn(uri: string): { username: string; password: string } | undefined {
  const userinfo = partsOf(uri)?.userinfo;
  if (!userinfo) return undefined;
  const [username = '', ...password] = userinfo.split(':');
  return { username: decode(username), password: decode(password.join(':')) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Not `URL`: it rewrites paths, refuses `rtsp://:554/live`, and takes `\` for `/`. */
function partsOf(uri: string): Parts | undefined {
  const match = /^(https?|rtsps?):\/\/([^/?#]*)([/?#].*)?$/i.exec(uri.trim());
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a line break would begin another line wherever it is pasted
  if (!match || /[\0-\x1f\x7f\s]/.test(uri.trim())) return undefined;
  const [, scheme = '', authority = '', rest = ''] = match;
  const at = authority.lastIndexOf('@');
  const port = Number(/:(\d{1,5})$/.exec(authority.slice(at + 1))?.[1] ?? 0);
  return {
    scheme: scheme.toLowerCase(),
    userinfo: at < 0 ? undefined : authority.slice(0, at),
    port: port >= 1 && port <= 65_535 ? port : undefined,
    rest: rest.startsWith('/') ? rest : `/${rest}`,
  };
}

function invalid(target: OnvifTarget, uri: string): Failure {
  return new Failure(`${nameOf(target)} names an address that is none: ${JSON.stringify(redact(uri.slice(0, 200)))}`, {
    kind: 'permanent',
    code: 'address-invalid',
    hint: 'Look in the camera’s own pages for the address, and give it by hand.',
  });
}
