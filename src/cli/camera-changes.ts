import { Failure, messageOf } from '../../lib/errors.js';
import { createLog } from '../../lib/log.js';
import type { OnvifConnection } from '../../lib/onvif/connection.js';
import { streams } from '../../lib/onvif/media.js';
import type { Outcome } from '../../lib/onvif/settings.js';
import type { Finder } from '../camera/finder.js';
import { channelsOf } from '../camera/interview.js';
import { openCamera } from '../camera/open.js';
import { carryOut, type Wishes } from '../camera/wishes.js';
import type { CameraConfig } from '../config/schema.js';
import { type Context, EXIT } from './context.js';
import { usage } from './format.js';

/** Signs in where the camera is now; says on standard error if that is another address than the configured one. */
export async function signIn(
  context: Context,
  finder: Finder,
  name: string,
  settings: CameraConfig,
): Promise<OnvifConnection> {
  const { address } = settings;
  if (address === undefined) {
    throw usage(`${name} has no ONVIF address`, `Give it one in the configuration: cameras.${name}.address`);
  }
  const log = createLog({ level: 'warn', format: 'text', write: (line) => context.stderr.write(line) });
  const { clock, signal } = context;
  return await openCamera(name, { ...settings, address }, { finder, clock, log, signal });
}

/** Each wish with what became of it. */
export async function carriedOut(
  connection: OnvifConnection,
  { channel = 1 }: CameraConfig,
  wishes: Wishes,
  { clock, signal }: Context,
  dryRun: boolean,
): Promise<Outcome[]> {
  const asksForStreams = wishes.main !== undefined || wishes.sub !== undefined;
  const channels = asksForStreams ? channelsOf(await streams(connection, { signal })) : [];
  const found = channels.find(({ number }) => number === channel);
  const outcomes: Outcome[] = [];
  for await (const outcome of carryOut(wishes, {
    ...{ connection, main: found?.main, sub: found?.sub, clock, signal, dryRun },
  })) {
    outcomes.push(outcome);
  }
  return outcomes;
}

/** For a wish that failed as a whole. */
export function failed(setting: string, wanted: string, error: unknown): Outcome {
  const failure =
    error instanceof Failure
      ? error
      : new Failure(messageOf(error), { kind: 'transient', code: 'failed', cause: error });
  return { setting, before: '', wanted, after: '', state: 'failed', failure };
}

/** 0: all is as wished; 3: something would be changed; 1: something could not be. */
export function exitOf(outcomes: readonly Outcome[]): number {
  if (outcomes.some(({ state }) => state === 'failed')) return EXIT.failed;
  return outcomes.some(({ state }) => state === 'planned') ? EXIT.degraded : EXIT.ok;
}

export function ending(outcomes: readonly Outcome[]): string {
  const count = (state: Outcome['state']) => outcomes.filter((one) => one.state === state).length;
  const parts = [
    [count('verified'), 'changed and verified'],
    [count('planned'), 'would change; nothing was written'],
    [count('same'), 'as wished before'],
    [count('failed'), 'failed'],
  ].filter(([number]) => number !== 0);
  return `${parts.map((part) => part.join(' ')).join(', ')}.`;
}
