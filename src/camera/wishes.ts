import type { Clock } from '../../lib/clock.js';
import { Failure, messageOf } from '../../lib/errors.js';
import type { OnvifConnection } from '../../lib/onvif/connection.js';
import { type EncoderValues, encoder } from '../../lib/onvif/encoder.js';
import { encoderOffers } from '../../lib/onvif/encoder-options.js';
import type { OnvifStream } from '../../lib/onvif/media.js';
import { gateway, hostname, nameServers } from '../../lib/onvif/network-settings.js';
import { type ChangeOptions, change, type Outcome } from '../../lib/onvif/settings.js';
import { time, timeServers } from '../../lib/onvif/time-settings.js';
import { posixRule } from '../../lib/posix-timezone.js';
import type { CameraSettings, EncoderWish } from '../config/camera.js';
import { optional } from './optional.js';

/** What is wished of a camera, beyond what the configuration may hold. */
export interface Wishes extends CameraSettings {
  /** Set its clock to ours, once. */
  clock?: 'now';
  gateway?: string;
  dns?: string[];
}

export interface WishOptions {
  connection: OnvifConnection;
  main: OnvifStream | undefined;
  sub: OnvifStream | undefined;
  clock: Clock;
  signal: AbortSignal;
  dryRun: boolean;
}

/** Each wish with what became of it, in the order they are carried out: nothing in it takes the camera away from us. */
export async function* carryOut(wishes: Wishes, options: WishOptions): AsyncGenerator<Outcome> {
  for (const { settings, perform } of steps(wishes, options)) {
    try {
      yield* await perform();
    } catch (error) {
      options.signal.throwIfAborted();
      const failure = failureOf(error);
      for (const setting of settings) yield { setting, before: '', wanted: '', after: '', state: 'failed', failure };
    }
  }
}

/** The settings are named for when it cannot even be asked. */
interface Step {
  settings: readonly string[];
  perform(): Promise<Outcome[]>;
}

function steps(wishes: Wishes, options: WishOptions): Step[] {
  const { connection, clock } = options;
  const base = changeOptions(options);
  const found: Step[] = [];
  const add = (settings: readonly string[], perform: () => Promise<Outcome[]>) => found.push({ settings, perform });
  const { timezone, ntp, hostname: name } = wishes;
  if (timezone) add(['timezone'], () => changeZone(timezone, options, base));
  if (ntp) {
    add(['ntp', 'clock'], async () => [
      ...(await change(timeServers(connection), () => ({ ntp: ntp.join(',') }), base)),
      ...(await change(time(connection, clock), () => ({ clock: 'NTP' }), base)),
    ]);
  }
  if (wishes.clock) add(['drift'], () => change(time(connection, clock), () => ({ drift: '0' }), base));
  if (name) add(['hostname'], () => change(hostname(connection), () => ({ hostname: name }), base));
  for (const role of ['main', 'sub'] as const) {
    const wish = wishes[role];
    if (!wish) continue;
    const names = Object.keys(wish).map((key) => `${role}.${key}`);
    add(names, () => changeEncoder(role, wish, options[role], connection, base));
  }
  const { dns, gateway: router } = wishes;
  if (dns) add(['dns'], () => change(nameServers(connection), () => ({ dns: dns.join(',') }), base));
  if (router) add(['gateway'], () => change(gateway(connection), () => ({ gateway: router }), base));
  return found;
}

function changeOptions({ clock, signal, dryRun }: WishOptions): ChangeOptions {
  return { signal, dryRun, sleep: (ms, until) => clock.sleep(ms, until) };
}

async function changeZone(zone: string, { connection, clock }: WishOptions, base: ChangeOptions): Promise<Outcome[]> {
  const rule = posixRule(zone, new Date(clock.now()).getUTCFullYear());
  if (rule === undefined) {
    throw new Failure(`${zone} follows no rule that a camera could keep`, {
      kind: 'permanent',
      code: 'setting-refused',
      hint: 'Its clock changes are decided year by year: set the camera to UTC.',
    });
  }
  return await change(time(connection, clock), () => ({ timezone: rule }), base);
}

async function changeEncoder(
  role: 'main' | 'sub',
  wish: EncoderWish,
  stream: OnvifStream | undefined,
  connection: OnvifConnection,
  base: ChangeOptions,
): Promise<Outcome[]> {
  if (!stream?.encoder) {
    throw new Failure(`the camera has no ${role} stream that can be set`, {
      kind: 'permanent',
      code: 'setting-refused',
      hint: 'See which streams it has: nvr-uplink discover ADDRESS',
    });
  }
  const group = encoder(connection, stream.media, stream.encoder);
  const outcomes = await change(group, (present) => encoderWish(wish, present), { ...base, prefix: `${role}.` });
  if (!outcomes.some(({ failure }) => failure && REFUSALS.has(failure.code))) return outcomes;
  const codec = wish.codec ?? stream.codec.toLowerCase();
  const offers = await optional(encoderOffers(connection, stream.media, stream.encoder, codec, base.signal));
  return outcomes.map((outcome) =>
    withOffer(outcome, offers?.[outcome.setting.slice(role.length + 1) as keyof EncoderValues]),
  );
}

const REFUSALS = new Set(['setting-ignored', 'setting-refused']);

/** What the camera takes instead is the best of hints. */
function withOffer(outcome: Outcome, offer: string | undefined): Outcome {
  const { failure } = outcome;
  if (!failure || !REFUSALS.has(failure.code) || offer === undefined) return outcome;
  const { kind, code, cause, message } = failure;
  return {
    ...outcome,
    failure: new Failure(message, { kind, code, cause, hint: `The camera says it takes ${offer}.` }),
  };
}

/** In the camera's units. The time between keyframes is counted in pictures there. */
export function encoderWish(wish: EncoderWish, present: EncoderValues): Partial<EncoderValues> {
  const fps = wish.fps ?? Number(present.fps);
  return {
    ...(wish.codec && { codec: wish.codec }),
    ...(wish.resolution && { resolution: wish.resolution }),
    ...(wish.fps && { fps: String(wish.fps) }),
    ...(wish.bitrate && { bitrate: String(Math.round(wish.bitrate / 1_000)) }),
    ...(wish.gop && fps > 0 && { gop: String(Math.max(1, Math.round((wish.gop / 1_000) * fps))) }),
  };
}

function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  return new Failure(messageOf(error), { kind: 'transient', code: 'failed', cause: error });
}
