import type { User } from './device-settings.js';
import type { Call, Device, OnvifService, Operation, Reply } from './onvif-service.js';
import { SERVICE_NAMESPACES } from './onvif-service.js';
import { type HttpSignIn, hasToken, TOKEN_WINDOW_MS, tokenOwner } from './onvif-sign-in.js';
import type { SoapRequest } from './soap.js';
import { SoapFault, tag } from './soap-reply.js';

/** Answered with `401` and challenges instead of a fault. */
export class ChallengeNeeded extends Error {}

/** What a request brings to sign in with. */
export interface Credentials {
  method: string;
  uri: string;
  authorization: string | undefined;
}

/** Asked before signing in, because the sign-in carries the time. */
const OPEN = new Set(['GetSystemDateAndTime']);

/** What only an administrator may do to the device itself. */
const CHANGES = /^(?:Set|Create|Delete|SystemReboot)/;

/** Finds the operation a request is for, checks who asks, and lets it answer. */
export class OnvifDispatch {
  readonly #device: Device;
  readonly #services: readonly OnvifService[];
  readonly #signIn: HttpSignIn;

  constructor(device: Device, services: readonly OnvifService[], signIn: HttpSignIn) {
    this.#device = device;
    this.#services = services;
    this.#signIn = signIn;
  }

  /** Whether anything answers at this path. */
  knows(path: string): boolean {
    return this.#servicesAt(path).length > 0;
  }

  /** Throws a `SoapFault`, or {@link ChallengeNeeded}. */
  async answer(call: Omit<Call, 'user'>, credentials: Credentials, refuseAll: boolean): Promise<Reply> {
    const { request } = call;
    const user = refuseAll ? undefined : this.#userOf(request, credentials);
    if (!user && !OPEN.has(request.operation)) throw this.#refusal(request);
    const [service, operation] = this.#find(call.path, request);
    const changes = service.name === 'device' && CHANGES.test(request.operation);
    if (changes && (user as User).level !== 'Administrator')
      throw new SoapFault('Sender', ['NotAuthorized', 'OperationProhibited'], 'Not for this user');
    const changing = CHANGES.test(request.operation) && request.operation !== 'SetSynchronizationPoint';
    if (changing && this.#device.faults.has('ignores-set')) return done(service, request);
    return await operation({ ...call, user });
  }

  close(): void {
    for (const service of this.#services) service.close?.();
  }

  #userOf(request: SoapRequest, { authorization, method, uri }: Credentials) {
    const { persona, clock, faults } = this.#device;
    const { digest, usernameToken, tokenWindowMs = TOKEN_WINDOW_MS } = persona.signIn;
    const signed = digest.length > 0 || faults.has('digest-only');
    const byDigest = signed ? this.#signIn.digestOwner(authorization, method, uri) : undefined;
    if (byDigest || !usernameToken || faults.has('digest-only')) return byDigest;
    return tokenOwner(request, this.#signIn.accounts, clock.now(), tokenWindowMs);
  }

  /** Who tried a token is told that it is wrong; anybody else may try a challenge, where there is one. */
  #refusal(request: SoapRequest): Error {
    const { persona, faults } = this.#device;
    const byDigest = faults.has('digest-only') || (persona.signIn.digest.length > 0 && !hasToken(request));
    return byDigest ? new ChallengeNeeded() : new SoapFault('Sender', ['NotAuthorized'], 'Sender not authorized');
  }

  /** Several services may share a path; the namespace of the operation tells them apart. */
  #find(path: string, { operation, namespace }: SoapRequest): [OnvifService, Operation] {
    const candidates = this.#servicesAt(path).filter(({ name, namespaces = [] }) =>
      [SERVICE_NAMESPACES[name], ...namespaces].includes(namespace),
    );
    for (const service of candidates) {
      if (Object.hasOwn(service.operations, operation)) return [service, service.operations[operation]!];
    }
    throw new SoapFault('Receiver', ['ActionNotSupported'], 'Optional Action Not Implemented');
  }

  #servicesAt(path: string): OnvifService[] {
    const { services } = this.#device.persona;
    const [plain] = path.split('?', 1);
    return this.#services.filter((service) => services[service.name] === plain || service.claims?.(path));
  }
}

/** An empty response: what a camera says that did as it was told. */
function done({ name }: OnvifService, { operation }: SoapRequest): string {
  return tag(`r:${operation}Response xmlns:r="${SERVICE_NAMESPACES[name]}"`);
}
