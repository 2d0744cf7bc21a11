import type { Clock } from '../../lib/clock.js';
import { Failure } from '../../lib/errors.js';
import type { OnvifStream } from '../../lib/onvif/media.js';
import { type CameraAddress, formatCameraAddress, plainAddress } from '../config/camera-address.js';
import type { CameraIdentity } from './identity.js';
import { type Interview, interview, profileLetters } from './interview.js';
import { reach, type SignIn } from './reach.js';

/** A camera that was heard of, before anybody signed in to it. */
export interface Candidate extends CameraIdentity {
  /** The likeliest first. */
  addresses: readonly CameraAddress[];
  name?: string;
  /** Mostly the model. */
  hardware?: string;
  scopes: readonly string[];
  /** What it showed on HTTPS: for whoever is to compare and pin it. */
  certificate?: string;
}

/** One camera as `discover` shows it. What is not known is null; `discover --json` prints exactly this (design.md §11). */
export interface SurveyedCamera {
  name: string | null;
  manufacturer: string | null;
  model: string | null;
  firmware: string | null;
  serial: string | null;
  address: string;
  mac: string | null;
  uuid: string | null;
  profiles: string[];
  streams: SurveyedStream[];
  /** What it showed on HTTPS, if it was asked that way and nobody vouches for it. */
  certificate: string | null;
  authenticated: boolean;
  /** Why it was not signed in to, or could not be asked everything. */
  problem: { code: string; message: string; hint: string | null } | null;
}

export interface SurveyedStream {
  /** From 1; above 1 on recorders only. */
  channel: number;
  stream: 'main' | 'sub';
  codec: string;
  width: number | null;
  height: number | null;
  fps: number | null;
  bitrateKbps: number | null;
  /** Pictures from one keyframe to the next. */
  gop: number | null;
  /** Without user and password. */
  url: string;
}

/** Signs in and asks, as far as the camera lets us. Rejects only with the signal's reason. */
export async function survey(
  candidate: Candidate,
  signIn: SignIn,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<SurveyedCamera> {
  let failure: Failure | undefined;
  for (const address of candidate.addresses) {
    try {
      const connection = await reach(address, signIn, { clock, signal });
      return surveyed(
        candidate,
        formatCameraAddress(plainAddress(connection.target)),
        await interview(connection, signal),
      );
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof Failure)) throw error;
      failure ??= error;
      // Whoever refuses the sign-in at one of its addresses refuses it at all of them, and counts.
      if (error.code === 'sign-in-refused') failure = error;
      if (error.code === 'sign-in-refused') break;
    }
  }
  return unsurveyed(candidate, failure);
}

function surveyed(candidate: Candidate, address: string, { identity, profiles, channels }: Interview): SurveyedCamera {
  return {
    name: identity.name || candidate.name || null,
    manufacturer: identity.manufacturer || null,
    model: identity.model || candidate.hardware || null,
    firmware: identity.firmware || null,
    serial: identity.serial || null,
    address,
    mac: identity.mac ?? candidate.mac ?? null,
    uuid: identity.uuid ?? candidate.uuid ?? null,
    profiles,
    streams: channels.flatMap(({ number, main, sub }) => [
      streamOf(number, 'main', main),
      ...(sub ? [streamOf(number, 'sub', sub)] : []),
    ]),
    certificate: candidate.certificate ?? null,
    authenticated: true,
    problem: null,
  };
}

function streamOf(channel: number, role: 'main' | 'sub', stream: OnvifStream): SurveyedStream {
  const { codec, width, height, fps, bitrateKbps, gop, uri } = stream;
  return {
    ...{ channel, stream: role, codec, width: width ?? null, height: height ?? null, fps: fps ?? null },
    ...{ bitrateKbps: bitrateKbps ?? null, gop: gop ?? null, url: uri },
  };
}

function unsurveyed(candidate: Candidate, failure: Failure | undefined): SurveyedCamera {
  const { name, hardware, mac, uuid, scopes, addresses } = candidate;
  return {
    ...{
      name: name ?? null,
      manufacturer: null,
      model: hardware ?? null,
      firmware: null,
      serial: candidate.serial ?? null,
    },
    ...{ address: formatCameraAddress(plainAddress(addresses[0]!)), mac: mac ?? null, uuid: uuid ?? null },
    ...{ profiles: scopes.length > 0 ? profileLetters(scopes, () => false) : [], streams: [], authenticated: false },
    certificate: candidate.certificate ?? null,
    problem: failure ? { code: failure.code, message: failure.message, hint: hintOf(candidate, failure) } : null,
  };
}

/** The fingerprint is here already: nobody needs openssl to see it. */
function hintOf({ certificate }: Candidate, { code, hint }: Failure): string | null {
  if (code !== 'certificate-unknown' || certificate === undefined) return hint ?? null;
  return `Its certificate is ${certificate}. Once compared with what the camera's pages show, give it with --certificate.`;
}
