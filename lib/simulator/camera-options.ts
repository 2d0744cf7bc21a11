import type { Clock } from '../clock.js';
import type { SimulatedCamera } from './camera.js';
import type { Encode } from './camera-streams.js';
import type { Account } from './digest.js';
import type { Feed } from './feed.js';
import type { Persona } from './persona.js';
import type { SentPicture } from './rtsp-connection.js';

export interface SimulatedCameraOptions {
  name: string;
  host: string;
  account: Account;
  persona: Persona;
  main: Feed;
  sub: Feed;
  clock: Clock;
  /** The monotonic moment at which the scene was at its beginning. */
  epochMs: number;
  /** Whether it has an ONVIF service. */
  onvif: boolean;
  /** Whether that is to be had over HTTPS too. */
  https?: boolean;
  /** Whether it has an SD card, which records all the time, and the services of Profile G for it. */
  card?: boolean;
  /** Goes into serial number, MAC and UUID: two simulators on one network differ in it. */
  seed: string;
  /** Default: made of name and seed. */
  mac?: string;
  /** 0, the default, for any free one. */
  rtspPort?: number;
  onvifPort?: number;
  httpsPort?: number;
  /** Offer `qop="auth"` in the Digest challenge of RTSP. */
  qop?: boolean;
  maxBacklogBytes?: number;
  /** Told of every picture sent to a client. */
  onSent?: (picture: SentPicture) => void;
  /** Makes new streams when its encoders are set to something else. Default: they stay as they are. */
  encode?: Encode;
  /** How long it is gone when it restarts. Default 2 s. */
  restartMs?: number;
  /**
   * Makes an address its own before it listens there, in place of the one it had; rejects where that cannot be. Default: it
   * must be there already.
   */
  takeAddress?(address: string, prefixLength: number, previous: string | undefined): Promise<void>;
  /** Called each time it has come up. */
  onUp?(camera: SimulatedCamera): void;
}
