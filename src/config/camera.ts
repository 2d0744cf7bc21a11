import * as z from 'zod';
import { addressProblem } from './camera-address.js';
import { cameraMotion, type MotionSourceName } from './motion.js';
import { bitrate, duration } from './units.js';

/** How a camera is reached, how it is told from others, and what is wanted of it: the parts of `cameras.NAME` for these. */

const rtspUrl = z.string().superRefine((value, context) => {
  const problem = rtspProblem(value);
  if (problem) context.addIssue({ code: 'custom', message: problem });
});

/** What is wrong with the address of a stream; undefined if nothing is. */
export function rtspProblem(value: string): string | undefined {
  if (!URL.canParse(value)) return 'not a URL; write rtsp://ADDRESS[:PORT]/PATH';
  const url = new URL(value);
  if (url.protocol !== 'rtsp:' && url.protocol !== 'rtsps:')
    return `"${url.protocol}//" is not supported; write rtsp://ADDRESS[:PORT]/PATH`;
  if (url.username || url.password) return 'sign-in details do not belong in the URL; use `username` and `password`';
  return undefined;
}

const address = z.string().superRefine((value, context) => {
  const problem = addressProblem(value);
  if (problem) context.addIssue({ code: 'custom', message: problem });
});

/** As `openssl x509 -fingerprint -sha256` prints it, or `SHA256:` and base64. */
const certificate = z.string().regex(/^(?:sha256:)?(?:[0-9a-f]{2}:?){31}[0-9a-f]{2}$|^SHA256:[A-Za-z0-9+/]{43}=?$/i, {
  error: "write SHA256: and the fingerprint of the camera's certificate, as `nvr-uplink discover` prints it",
});

const mac = z
  .string()
  .regex(/^(?:[0-9a-f]{2}[:-]?){5}[0-9a-f]{2}$/i, { error: 'write the MAC address as 9c:8e:cd:01:23:45' })
  .transform(normalMac);

/** `9C-8E-CD-01-23-45` → `9c:8e:cd:01:23:45`. */
export function normalMac(text: string): string {
  return text.replace(/[:-]/g, '').toLowerCase().match(/../g)!.join(':');
}

export const CODECS = ['h264', 'h265', 'jpeg'] as const;

const encoder = z.strictObject({
  codec: z.enum(CODECS).optional(),
  resolution: z
    .string()
    .regex(/^[1-9]\d{1,4}x[1-9]\d{1,4}$/, { error: 'write WIDTHxHEIGHT, e.g. 1920x1080' })
    .optional(),
  /** Pictures a second. */
  fps: z
    .number()
    .refine((fps) => Number.isInteger(fps) && fps >= 1 && fps <= 120, { error: 'a whole number from 1 to 120' })
    .optional(),
  /** The most it may send, bits a second. */
  bitrate: bitrate.optional(),
  /** Time from one whole picture (keyframe) to the next. */
  gop: duration.refine((ms) => ms >= 100 && ms <= 60_000, { error: 'between 100ms and 60s; 2s is good' }).optional(),
});

const host = z
  .string()
  .regex(/^[A-Za-z0-9:](?:[A-Za-z0-9.:-]*[A-Za-z0-9])?$/, { error: 'write a host name or an address' });

const commonSettings = {
  main: encoder.optional(),
  sub: encoder.optional(),
  /** IANA zone, written to the camera as a POSIX rule. */
  timezone: z.string().refine(isTimezone, { error: 'not an IANA time zone, e.g. Europe/Copenhagen' }).optional(),
  /** `dhcp`: whichever server the network names. */
  ntp: z.union([host.transform((one) => [one]), z.array(host).min(1)]).optional(),
};

/** For every camera. */
export const siteSettings = z.strictObject(commonSettings);

export const cameraSettings = z.strictObject({
  ...commonSettings,
  hostname: z
    .string()
    .regex(/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/, { error: '1 to 63 of a-z, 0-9 and "-"' })
    .optional(),
});

export type CameraSettings = z.infer<typeof cameraSettings>;
export type EncoderWish = z.infer<typeof encoder>;

/** The site's wishes, and over them the camera's own. */
export function settingsFor(
  site: z.infer<typeof siteSettings> | undefined,
  camera: CameraSettings = {},
): CameraSettings {
  const stream = (name: 'main' | 'sub') =>
    site?.[name] || camera[name] ? { [name]: { ...site?.[name], ...camera[name] } } : {};
  return { ...site, ...camera, ...stream('main'), ...stream('sub') };
}

export const cameraFields = {
  /** Its ONVIF service; the streams are asked for there. */
  address: address.optional(),
  /** Its own certificate, where it speaks HTTPS or RTSPS. */
  certificate: certificate.optional(),
  /** Which of its pictures, from 1, where one device has several: a recorder. */
  channel: z.number().int().min(1).max(512).optional(),
  /** By these it is recognised when its address changes. `discover --add` writes them. */
  serial: z.string().min(1).optional(),
  mac: mac.optional(),
  streams: z.strictObject({ main: rtspUrl.optional(), sub: rtspUrl.optional() }).optional(),
  /** How its pictures come: `tcp` over the connection they are asked for on, `udp` beside it, where some get lost. */
  transport: z.enum(['tcp', 'udp']).optional(),
  username: z.string().min(1).optional(),
  password: z.string().min(1).optional(),
  /** What `camera apply` writes to it, over the site's `camera_settings`. */
  set: cameraSettings.optional(),
  /** Whether gaps are filled afterwards with what it recorded itself, on its SD card. */
  backfill: z.boolean().optional(),
  /** What notices motion before it. */
  motion: cameraMotion.optional(),
};

type Fields = z.infer<z.ZodObject<typeof cameraFields>>;

/** The rules between these fields. They see settings that may be faulty in themselves. */
export const CAMERA_RULES: readonly { path: string; error: string; holds: (camera: Fields) => boolean }[] = [
  {
    path: 'username',
    error: 'a password needs a username',
    holds: ({ username, password }) => !password || username !== undefined,
  },
  {
    path: 'address',
    error: "give the camera's `address`, or `streams: { main: rtsp://… }` where it has no ONVIF",
    holds: ({ address, streams }) => address !== undefined || (streams !== undefined && hasMain(streams)),
  },
  {
    path: 'certificate',
    error: 'it is for cameras whose `address` begins with https://, or whose `streams` begin with rtsps://',
    holds: ({ address, certificate, streams }) =>
      certificate === undefined || /^https:/i.test(String(address)) || isSecure(streams),
  },
  {
    path: 'transport',
    error: 'what goes over UDP is not encrypted, so rtsps:// knows `tcp` alone',
    holds: ({ transport, streams }) => transport !== 'udp' || !isSecure(streams),
  },
  sourceNeeds('onvif', 'the source `onvif` needs the `address` of the camera', ({ address }) => address !== undefined),
  sourceNeeds(
    'analysis',
    'the source `analysis` looks at the small stream: give the camera an `address`, or `streams: { sub: rtsp://… }`',
    ({ address, streams }) => address !== undefined || streams?.sub !== undefined,
  ),
  {
    path: 'backfill',
    error: 'its own recordings are asked for over ONVIF: give the camera an `address`',
    holds: ({ address, backfill }) => !backfill || address !== undefined,
  },
  ...(['channel', 'serial', 'mac', 'set'] as const).map((path) => ({
    path,
    error: 'it is of use over ONVIF only: give the camera an `address`',
    holds: (camera: Fields) => camera[path] === undefined || camera.address !== undefined,
  })),
];

function sourceNeeds(source: MotionSourceName, error: string, holds: (camera: Fields) => boolean) {
  const isNamed = ({ motion }: Fields) => Array.isArray(motion?.sources) && motion.sources.includes(source);
  return { path: 'motion', error, holds: (camera: Fields) => !isNamed(camera) || holds(camera) };
}

function isSecure(streams: Fields['streams']): boolean {
  return [streams?.main, streams?.sub].some((url) => /^rtsps:/i.test(String(url)));
}

/** Streams that are no group at all are a fault of their own. */
function hasMain(streams: NonNullable<Fields['streams']>): boolean {
  return typeof streams !== 'object' || streams === null || streams.main !== undefined;
}

export function isTimezone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    // Intl throws RangeError for unknown zones; there is no other way to ask.
    return false;
  }
}
