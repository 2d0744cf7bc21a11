import { Cam } from 'onvif';
import type { Clock } from '../clock.js';
import type { OnvifTarget } from './target.js';
import { escapeXml } from './xml.js';

/** What the typings of the package leave out, and we rely on; `test/contract/onvif-package.test.ts` holds it to this. */
interface Internals {
  username: string | undefined;
  timeShift: number | undefined;
  useWSSecurity: boolean;
  media2Support: boolean;
  _request(options: { body: string }): void;
  _envelopeHeader(openHeader?: boolean): string;
  _envelopeFooter(): string;
}

/**
 * The `onvif` package, as far as it is sound: it writes the requests and signs them with a UsernameToken. It neither
 * sends them (no overall deadline, no limit on size, no cancelling) nor reads the replies (numbers, booleans and
 * dates are guessed from text). Nothing else of ours knows the package.
 */
export class Library {
  readonly #clock: Clock;
  readonly #cam: Cam & Internals;
  #written: string | undefined;

  constructor(target: OnvifTarget, clock: Clock) {
    this.#clock = clock;
    const { username, password } = signInOf(target);
    const options = { hostname: target.host, username, autoconnect: false };
    const cam = new Cam(options) as Cam & Internals;
    cam.password = password;
    cam._request = ({ body }) => {
      this.#written = body;
    };
    this.#cam = cam;
  }

  /** What a method of the package would send. Arguments that are text must be escaped: it pastes them as they are. */
  write(call: (cam: Cam) => void, options: EnvelopeOptions & { media2: boolean }): string {
    this.#prepare(options);
    this.#cam.media2Support = options.media2;
    this.#written = undefined;
    call(this.#cam);
    const written: string | undefined = this.#written;
    if (written === undefined) throw new TypeError('This method of the onvif package sends nothing at once');
    return written;
  }

  /** An envelope around an operation that the package does not know. */
  envelope(body: string, headers: string, options: EnvelopeOptions): string {
    this.#prepare(options);
    const head = this.#cam._envelopeHeader(true);
    return `${head}${headers}</s:Header><s:Body>${body}${this.#cam._envelopeFooter()}`;
  }

  /** The package computes `Created` as uptime plus `timeShift`, which it would set once and for ever. */
  #prepare({ signed, offsetMs }: EnvelopeOptions): void {
    this.#cam.useWSSecurity = signed;
    this.#cam.timeShift = this.#clock.now() + offsetMs - process.uptime() * 1000;
  }
}

export interface EnvelopeOptions {
  /** Whether to put a UsernameToken in, where there is a user. */
  signed: boolean;
  /** The camera's clock minus ours. */
  offsetMs: number;
}

/**
 * The user goes into XML as it is, so it is escaped. The password is hashed as `ascii`, which keeps the low byte of each
 * character: one character for each byte of its UTF-8 makes that the right hash. An empty one would leave the
 * token out, though there are cameras with no password; a String object is not falsy.
 */
function signInOf({ username, password }: OnvifTarget): { username: string | undefined; password: string | undefined } {
  if (username === undefined) return { username: undefined, password: undefined };
  const bytes = Buffer.from(password ?? '', 'utf8').toString('latin1');
  return { username: escapeXml(username), password: bytes === '' ? (Object('') as string) : bytes };
}
