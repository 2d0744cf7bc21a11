import { plainPasswordFailure, signInFailure, statusFailure } from './failures.js';
import { exchange, type HttpReply } from './http.js';
import { HttpSignIn } from './http-sign-in.js';
import type { Message } from './messages.js';
import { readReply } from './soap.js';
import { nameOf, type OnvifTarget } from './target.js';
import type { XmlElement } from './xml.js';

export const MAX_REPLY_BYTES = 1024 * 1024;

/** Sends envelopes to one camera and reads what comes back; signs in the way the camera wants it. */
export class SoapClient {
  readonly #target: OnvifTarget;
  /** Services and files may stand behind two servers, with realms of their own. */
  readonly #signIn: HttpSignIn;
  readonly #fileSignIn: HttpSignIn;
  /** The camera's clock minus ours; what signatures are dated by. */
  offsetMs = 0;

  constructor(target: OnvifTarget) {
    this.#target = target;
    this.#signIn = new HttpSignIn(target);
    this.#fileSignIn = new HttpSignIn(target);
  }

  async send(message: Message, signal: AbortSignal): Promise<XmlElement> {
    const { operation, signed = true } = message;
    const asked = { name: nameOf(this.#target), username: this.#target.username, operation };
    const first = await this.#post(message, signal);
    // Asked unsigned, a refusal is an answer; and a camera that speaks of no Digest has said all there is.
    if (!signed || first.status !== 401 || !this.#signIn.learn(first.challenges)) return readReply(first, asked);
    return readReply(await this.#post(message, signal), asked);
  }

  /** A file behind HTTP's own sign-in: a snapshot. */
  async get(url: URL, maxBytes: number, signal: AbortSignal): Promise<Buffer> {
    const name = nameOf(this.#target);
    const ask = () => {
      const headers = authorization(this.#fileSignIn, 'GET', url);
      return exchange(this.#target, { method: 'GET', url, maxBytes, headers }, signal);
    };
    let reply = await ask();
    if (reply.status === 401 && this.#fileSignIn.learn(reply.challenges)) reply = await ask();
    if (reply.status === 200) return reply.body;
    if (reply.status === 401 && !this.#fileSignIn.isAsked && this.#fileSignIn.wouldTellPassword(reply.challenges)) {
      throw plainPasswordFailure(name, url.pathname);
    }
    if (reply.status === 401 || reply.status === 403) throw signInFailure(name, this.#target.username, url.pathname);
    throw statusFailure(name, url.pathname, reply.status);
  }

  async #post(message: Message, signal: AbortSignal): Promise<HttpReply> {
    const { url, action, signed = true } = message;
    // A client should not sign on both levels (ONVIF core specification, 5.9), so Digest takes the token's place.
    const options = { signed: signed && !this.#signIn.isAsked, offsetMs: this.offsetMs };
    const headers = {
      'Content-Type': `application/soap+xml; charset=utf-8; action="${action}"`,
      ...(signed ? authorization(this.#signIn, 'POST', url) : {}),
    };
    const body = message.write(options);
    return await exchange(this.#target, { method: 'POST', url, headers, body, maxBytes: MAX_REPLY_BYTES }, signal);
  }
}

function authorization(signIn: HttpSignIn, method: string, url: URL): { Authorization?: string } {
  const line = signIn.header(method, url.pathname + url.search);
  return line === undefined ? {} : { Authorization: line };
}
