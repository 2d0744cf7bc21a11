import type { Account, Accounts } from './digest.js';

export type UserLevel = 'Administrator' | 'Operator' | 'User';

export interface User extends Account {
  level: UserLevel;
}

export type VideoCodec = 'H264' | 'H265';

/** What a video encoder is set to. */
export interface EncoderSettings {
  codec: VideoCodec;
  width: number;
  height: number;
  fps: number;
  bitrateKbps: number;
  gopFrames: number;
  quality: number;
  /** `Main`, `High`, … */
  profile: string;
}

/** From 0 to 100. */
export interface ImagingSettings {
  brightness: number;
  colorSaturation: number;
  contrast: number;
  sharpness: number;
}

/** Everything about a camera that can be set, and that outlives its restart. */
export class DeviceSettings implements Accounts {
  readonly users: User[];
  hostname: { name: string; fromDhcp: boolean };
  time: { type: 'Manual' | 'NTP'; zone: string; daylightSavings: boolean } = {
    type: 'NTP',
    zone: 'UTC0',
    daylightSavings: false,
  };
  ntp: { fromDhcp: boolean; servers: string[] } = { fromDhcp: false, servers: ['pool.ntp.org'] };
  /** The address is the one it listens on; it moves when this changes. */
  network: { address: string; prefixLength: number; dhcp: boolean };
  gateways: string[] = [];
  dns: { fromDhcp: boolean; servers: string[]; searchDomains: string[] } = {
    fromDhcp: false,
    servers: [],
    searchDomains: [],
  };
  /** Scopes beside the fixed ones; `…/name/…` is among them. */
  scopes: string[];
  readonly imaging: ImagingSettings = { brightness: 50, colorSaturation: 50, contrast: 50, sharpness: 50 };
  /** By profile. */
  readonly encoders: { main: EncoderSettings; sub: EncoderSettings };

  constructor(start: {
    account: Account;
    name: string;
    address: string;
    scopes: readonly string[];
    encoders: { main: EncoderSettings; sub: EncoderSettings };
  }) {
    this.users = [{ ...start.account, level: 'Administrator' }];
    this.hostname = { name: start.name, fromDhcp: false };
    this.network = { address: start.address, prefixLength: 24, dhcp: false };
    this.scopes = [...start.scopes];
    this.encoders = start.encoders;
  }

  find(username: string): User | undefined {
    return this.users.find((user) => user.username === username);
  }
}
