import type { Failure } from '../../../lib/errors.js';
import type { StreamSample } from '../../../lib/ffmpeg/sample.js';
import type { CameraClock, OnvifIdentity } from '../../../lib/onvif/connection.js';
import type { OnvifStream } from '../../../lib/onvif/media.js';
import type { MotionKind } from '../../../lib/onvif/topics.js';

/** Everything a report is made from, gathered once. What was not to be had is a `Failure`, or undefined where nobody asked. */
export interface CameraFacts {
  /** As the commands to repair things name it. */
  name: string;
  /** Whether the configuration has it under this name. */
  isConfigured: boolean;
  address: string;
  /** When, UTC milliseconds. */
  at: number;
  signIn: { username: string | undefined; isWellKnown: boolean };
  onvif: OnvifFacts | Failure | undefined;
  main: StreamFacts | undefined;
  sub: StreamFacts | undefined;
  /** A picture by HTTP. */
  snapshot: { bytes: number; ms: number } | Failure | undefined;
  motion: MotionFacts | Failure | undefined;
  /** What is wished: the site's time zone as IANA names it, and bits a second upwards for all cameras together. */
  timezone: string;
  uplink: { bitsPerSecond: number; cameras: number } | undefined;
}

export interface OnvifFacts {
  identity: OnvifIdentity;
  profiles: readonly string[];
  secure: boolean;
  /** Whether the camera says that it has HTTPS, whatever we used. */
  offersHttps: boolean | undefined;
  clock: CameraClock;
  /** Undefined where the camera has no such service; `recordings` where it does not say how many there are. */
  storage: { recordings: number | undefined } | undefined;
}

export interface StreamFacts {
  /** What the camera says it sends; undefined for a stream given by its address. */
  told: OnvifStream | undefined;
  seen: StreamSample | Failure;
}

export interface MotionFacts {
  /** What the camera told of its present state, by kind. */
  states: readonly MotionKind[];
  /** What began to move while we watched. */
  seen: readonly MotionKind[];
  /** How long we watched. */
  seconds: number;
}
