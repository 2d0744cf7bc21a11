import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Failure } from './errors.js';
import { networkFailure } from './remote/tls-trust.js';

export interface Webhook {
  url: string;
  headers?: Readonly<Record<string, string>>;
  /** PEM of the authorities to accept in place of those known to this machine. */
  ca?: string | Buffer;
  /** @default 15,000 */
  timeoutMs?: number;
}

/**
 * Posts one message. Resolves on any 2xx; what is answered is not read, and redirections are not followed: the address may be the secret.
 * Rejects with a `Failure` that names the host alone: `permanent` where somebody has to mend the configuration.
 */
export async function postWebhook(hook: Webhook, type: string, body: string, signal: AbortSignal): Promise<void> {
  const host = new URL(hook.url).host;
  const timeout = AbortSignal.timeout(hook.timeoutMs ?? 15_000);
  let status: number;
  try {
    status = await post(hook, type, body, AbortSignal.any([signal, timeout]));
  } catch (error) {
    signal.throwIfAborted();
    if (timeout.aborted) throw refused(`${host} did not answer`, 'transient', 'no-answer');
    throw hookFailure(host, error);
  }
  if (status >= 200 && status < 300) return;
  if (status >= 300 && status < 400) throw refused(`${host} sends elsewhere (${status})`, 'permanent', 'wrong-address');
  const isOurs = status >= 400 && status < 500 && ![408, 425, 429].includes(status);
  throw refused(`${host} answered HTTP ${status}`, isOurs ? 'permanent' : 'transient', 'refused');
}

/** As uploads fail, but no file is sent here. */
function hookFailure(host: string, cause: unknown): Failure {
  const failure = networkFailure(host, cause);
  if (failure.code !== 'connection-lost') return failure;
  const { message, kind, code } = failure;
  return new Failure(message, { kind, code, hint: 'Check `url`, what listens there, and the network.', cause });
}

function refused(message: string, kind: 'permanent' | 'transient', code: string): Failure {
  const hint =
    kind === 'permanent'
      ? 'Check its `url`, `token` and `headers`.'
      : 'Alerts are tried again, a test is not: see that the service works.';
  return new Failure(message, { kind, code, hint });
}

function post({ url, headers, ca }: Webhook, type: string, body: string, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const send = url.startsWith('https:') ? httpsRequest : httpRequest;
    const length = Buffer.byteLength(body);
    const request = send(url, {
      ...{ method: 'POST', signal, agent: false, ca },
      headers: { 'content-type': type, 'content-length': length, 'user-agent': 'nvr-uplink', ...headers },
    });
    request.on('response', (response) => {
      response.resume();
      // Its end may never come, and is of no interest.
      response.on('error', () => undefined);
      resolve(response.statusCode!);
      request.destroy();
    });
    request.on('error', reject);
    request.end(body);
  });
}
