import { Failure, messageOf } from '../../lib/errors.js';
import { whatThereIs } from '../../lib/nearest.js';
import { loadConfig } from '../config/load.js';
import { testMessage } from '../operate/alerts/message.js';
import { postAlert } from '../operate/alerts/post.js';
import { type Context, EXIT, type GlobalOptions, print, printJson } from './context.js';
import { usage } from './format.js';

/** `nvr-uplink notify test [NAME…]`: sends each recipient of alerts a test message. Exit status 1 where one was not taken. */
export async function notifyTest(context: Context, options: GlobalOptions, given: string[]): Promise<number> {
  const { config } = loadConfig(options.config, context.env);
  const known = Object.keys(config.alerts);
  if (known.length === 0) {
    throw usage(
      'The configuration names nobody to alert',
      'Add: alerts: { phone: { type: ntfy, url: https://ntfy.sh/TOPIC } }',
    );
  }
  const unknown = given.find((name) => !known.includes(name));
  if (unknown !== undefined) throw usage(`\`alerts\` names no "${unknown}"`, whatThereIs(unknown, known));
  let failed = 0;
  for (const name of given.length > 0 ? given : known) {
    const from = context.clock.monotonic();
    const failure = await attempt(context, config.alerts[name]!, config.site);
    const ms = Math.round(context.clock.monotonic() - from);
    if (failure !== undefined) failed++;
    const { code, hint } = failure instanceof Failure ? failure : { code: 'failed', hint: undefined };
    const error = failure === undefined ? undefined : { code, message: messageOf(failure), hint };
    if (options.json) printJson(context, { name, ok: failure === undefined, ms, ...(error && { error }) });
    else
      print(
        context,
        error ? `FAILED  ${name}: ${error.message}\n        → ${hint}` : `ok      ${name}: taken in ${ms} ms`,
      );
  }
  return failed > 0 ? EXIT.failed : EXIT.ok;
}

async function attempt(
  { clock, signal }: Context,
  target: Parameters<typeof postAlert>[0],
  site: string,
): Promise<unknown> {
  try {
    await postAlert(target, testMessage(site, clock.now()), signal);
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    return error;
  }
}
