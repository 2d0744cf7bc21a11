import type { UserLevel, VideoCodec } from './device-settings.js';
import type { Subject } from './movers.js';
import type { ServiceName } from './onvif-service.js';
import type { SignInPolicy, SnapshotSignIn } from './onvif-sign-in.js';

export type PersonaName = 'generic' | 'hikvision' | 'dahua' | 'reolink' | 'tapo' | 'axis';

/** A maker's camera as data: what it says of itself, where its things are, and what is odd about it. */
export interface Persona {
  name: PersonaName;
  manufacturer: string;
  model: string;
  firmware: string;
  hardware: string;
  /** Made of 64 hex digits that are this camera's own. */
  serialOf(digits: string): string;
  /** What HTTP and RTSP sign-ins name; made of name and serial number. */
  realmOf(camera: { name: string; serial: string }): string;
  /** Of the device as the maker ships it. Tests let the system choose. */
  ports: { onvif: number; rtsp: number; https: number };
  signIn: SignInPolicy;
  /** The services it has, with their paths. All may share one. */
  services: Partial<Record<ServiceName, string>> & { device: string; media: string };
  profiles: { main: ProfileNames; sub: ProfileNames };
  /** Undefined: it has none. */
  snapshot: { path: string; signIn: SnapshotSignIn } | undefined;
  /** ONVIF profiles it claims: `Streaming`, `T`, `G`, … as in its scopes. */
  claims: readonly string[];
  encoder: EncoderHabits;
  /** Levels that users may have here. */
  userLevels: readonly UserLevel[];
  discovery: DiscoveryHabits;
  events: EventHabits;
}

export interface ProfileNames {
  token: string;
  /** Also the token of the encoder's configuration. */
  encoderToken: string;
  name: string;
  /** As the RTSP server knows it; with a query where the maker tells streams apart by it. */
  path: string;
  /** What its ONVIF service puts after the path, and its RTSP server does not look at. */
  extraQuery?: string;
  codec: VideoCodec;
}

/** What it makes of values that are written to its encoder. */
export interface EncoderHabits {
  /** Bitrates become multiples of this many kbit/s. */
  bitrateStepKbps: number;
  /** Group lengths become at most this many seconds of pictures. */
  maxGopSeconds: number;
  /** Keeps its group length whatever is asked for, and says nothing. */
  ignoresGop?: boolean;
  /** Frame rates are raised or lowered to the nearest of these. */
  frameRates: readonly number[];
}

export interface DiscoveryHabits {
  types: string;
  /** Also tells an IPv6 link-local address, or one with HTTPS. */
  extraAddresses?: readonly ('ipv6' | 'https')[];
  /** Has its MAC among its scopes. */
  tellsMac?: boolean;
}

/** How one kind of movement is told. */
export interface MotionSignal {
  /** `tns1:RuleEngine/CellMotionDetector/Motion` */
  topic: string;
  /** Simple items that say where: `{ VideoSourceConfigurationToken: 'source' }`. */
  source: Readonly<Record<string, string>>;
  /** The data item whose value says it: `IsMotion`. */
  item: string;
  /** What sets it off; any movement if undefined. */
  subjects?: readonly Subject[];
}

export interface EventHabits {
  signals: readonly MotionSignal[];
  /** Namespaces of makers' own topics, by prefix. */
  namespaces?: Readonly<Record<string, string>>;
  /** The path of the n-th subscription since the start, n from 0. */
  subscriptionPath(n: number): string;
  /** Reference parameters of the n-th subscription: XML that clients must send back as headers. */
  referenceParameters?(n: number): string;
  /** How many subscriptions it bears at once. */
  slots: number;
  /** Longest lifetime it grants; asked for more, it grants this. */
  longestMs: number;
  /** Refuses times that end in an offset instead of Z. */
  wantsZulu?: boolean;
  /** Values are `1` and `0` instead of `true` and `false`. */
  numeric?: boolean;
  /** Never says that motion ended. */
  neverFalse?: boolean;
  /** Times in events are 0000-00-00T00:00:00Z. */
  zeroTimes?: boolean;
  /** Topics end in `//.`, as some firmware has them. */
  topicTail?: string;
  /** Renew without `wsa:MessageID` is a fault. */
  needsMessageId?: boolean;
  /** Says in its capabilities that it has no pull points, although it has. */
  deniesPullPoint?: boolean;
}
