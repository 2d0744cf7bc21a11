import type { Clock } from '../../../lib/clock.js';
import { Failure, messageOf } from '../../../lib/errors.js';
import { type StreamSample, sampleStream } from '../../../lib/ffmpeg/sample.js';
import type { OnvifConnection } from '../../../lib/onvif/connection.js';
import type { OnvifStream } from '../../../lib/onvif/media.js';
import { fetchSnapshot } from '../../../lib/onvif/snapshot.js';
import { children, textAt } from '../../../lib/onvif/xml.js';
import { formatCameraAddress, parseCameraAddress } from '../../config/camera-address.js';
import type { CameraConfig } from '../../config/schema.js';
import { type Channel, type Interview, interview, snapshotProfile } from '../interview.js';
import { optional } from '../optional.js';
import { reach } from '../reach.js';

import { isWellKnownPassword } from '../well-known.js';
import type { CameraFacts, OnvifFacts, StreamFacts } from './facts.js';
import { watchMotion } from './watch-motion.js';

export interface GatherOptions {
  name: string;
  isConfigured: boolean;
  settings: CameraConfig;
  timezone: string;
  uplink: CameraFacts['uplink'];
  /** How long streams are played and motion is watched. */
  seconds: number;
  ffmpeg: string;
  clock: Clock;
  signal: AbortSignal;
  /** Told what is being done. */
  progress(step: string): void;
}

/** Asks and plays everything there is, once. Rejects only with the signal's reason: what fails is a fact. */
export async function gatherFacts(options: GatherOptions): Promise<CameraFacts> {
  const { name, isConfigured, settings, timezone, uplink, clock, seconds, progress } = options;
  const { address, username, password, streams } = settings;
  progress(`asking ${name}`);
  const asked = address === undefined ? undefined : await attempt(options.signal, () => ask(address, options));
  const met = asked instanceof Failure ? undefined : asked;
  const channel = met?.interview.channels[(settings.channel ?? 1) - 1];
  progress(`watching it for ${seconds} s`);
  const [main, sub, snapshot, motion] = await Promise.all([
    sample(options, streams?.main, channel?.main),
    sample(options, streams?.sub, channel?.sub),
    met && attempt(options.signal, () => fetchOne(met.connection, channel, options)),
    met && attempt(options.signal, () => watchMotion(met.connection, options)),
  ]);
  return {
    ...{ name, isConfigured, timezone, uplink, at: clock.now(), main, sub, snapshot, motion },
    address: address === undefined ? (hostOf(streams?.main) ?? name) : shortAddress(address),
    signIn: { username, isWellKnown: username !== undefined && isWellKnownPassword(username, password ?? '') },
    onvif: asked instanceof Failure ? asked : asked?.facts,
  };
}

interface Met {
  connection: OnvifConnection;
  interview: Interview;
  facts: OnvifFacts;
}

async function ask(address: string, options: GatherOptions): Promise<Met> {
  const { settings, clock, signal } = options;
  const connection = await reach(parseCameraAddress(address), settings, { clock, signal });
  const told = await interview(connection, signal);
  const facts = {
    ...{ identity: told.identity, profiles: told.profiles, secure: connection.target.secure === true },
    offersHttps: await offersHttps(connection, signal),
    clock: await connection.clock({ signal }),
    storage: await storageOf(connection, signal),
  };
  return { connection, interview: told, facts };
}

async function fetchOne(
  connection: OnvifConnection,
  channel: Channel | undefined,
  { clock, signal }: GatherOptions,
): Promise<{ bytes: number; ms: number }> {
  const startedAt = clock.monotonic();
  const { bytes } = await fetchSnapshot(connection, { profile: snapshotProfile(channel), signal });
  return { bytes: bytes.length, ms: clock.monotonic() - startedAt };
}

async function offersHttps(connection: OnvifConnection, signal: AbortSignal): Promise<boolean | undefined> {
  const body = '<GetNetworkProtocols xmlns="http://www.onvif.org/ver10/device/wsdl"/>';
  const reply = await optional(connection.call({ service: 'device', body, signal }));
  if (!reply) return undefined;
  const https = children(reply, 'NetworkProtocols').find((one) => textAt(one, 'Name')?.toUpperCase() === 'HTTPS');
  return https !== undefined && textAt(https, 'Enabled') === 'true';
}

async function storageOf(connection: OnvifConnection, signal: AbortSignal): Promise<OnvifFacts['storage']> {
  if (!connection.has('recording')) return undefined;
  const body = '<GetRecordings xmlns="http://www.onvif.org/ver10/recording/wsdl"/>';
  const reply = await optional(connection.call({ service: 'recording', body, signal }));
  return { recordings: reply && children(reply, 'RecordingItem').length };
}

/** What the configuration says of a stream goes before what the camera says. */
async function sample(
  { settings, ffmpeg, seconds, clock, signal }: GatherOptions,
  given: string | undefined,
  told: OnvifStream | undefined,
): Promise<StreamFacts | undefined> {
  const url = given ?? told?.uri;
  if (url === undefined) return undefined;
  const { certificate, transport, username, password } = settings;
  const seen = await attempt<StreamSample>(signal, () =>
    sampleStream(ffmpeg, { url, certificate, transport, username, password }, { seconds, clock, signal }),
  );
  return { told: given === undefined ? told : undefined, seen };
}

/** A failure as a fact. */
async function attempt<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result | Failure> {
  try {
    return await work();
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Failure) return error;
    return new Failure(messageOf(error), { kind: 'transient', code: 'failed', cause: error });
  }
}

function shortAddress(text: string): string {
  return formatCameraAddress({ ...parseCameraAddress(text), path: undefined });
}

function hostOf(url: string | undefined): string | undefined {
  return url === undefined ? undefined : new URL(url).hostname;
}
