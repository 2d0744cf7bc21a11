import { postWebhook } from '../../../lib/webhook.js';
import { readCa } from '../../config/access.js';
import type { Config } from '../../config/schema.js';
import type { AlertMessage } from './message.js';

export type AlertTarget = Config['alerts'][string];

/** Sends a message the way its recipient wants it. Rejects as `postWebhook` does. */
export async function postAlert(target: AlertTarget, message: AlertMessage, signal: AbortSignal): Promise<void> {
  const { type, url, token, ca_file: caFile } = target;
  const headers = { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...target.headers };
  const hook = { url, ca: readCa(caFile) };
  if (type === 'json') {
    return postWebhook({ ...hook, headers }, 'application/json', JSON.stringify(message.body), signal);
  }
  // https://docs.ntfy.sh/publish: what is told of the message travels in headers.
  const priority = message.isUrgent ? 'high' : 'default';
  const told = { title: message.title, priority, tags: message.isUrgent ? 'warning' : 'white_check_mark' };
  return postWebhook({ ...hook, headers: { ...told, ...headers } }, 'text/plain; charset=utf-8', message.text, signal);
}
