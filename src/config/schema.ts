import { z } from 'zod';
import { isName } from '../segment.js';
import { bytes, duration } from './units.js';

/** The shape of `nvr-uplink.yaml`. Every field says what it is for; `config schema` prints this as JSON Schema. */

const name = (what: string) =>
  z.string().refine(isName, {
    error: `a ${what} name is 1 to 63 of a-z, 0-9 and "-", starting and ending with a letter or digit`,
  });

/** `index` would put footage where the index lies (docs/archive-format.md). */
const cameraName = name('camera').refine((text) => text !== 'index', { error: 'no camera can be named "index"' });

const port = z.number().int().min(0).max(65535);

const rtspUrl = z.string().superRefine((value, context) => {
  const problem = rtspProblem(value);
  if (problem) context.addIssue({ code: 'custom', message: problem });
});

function rtspProblem(value: string): string | undefined {
  if (!URL.canParse(value)) return 'not a URL; write rtsp://ADDRESS[:PORT]/PATH';
  const url = new URL(value);
  if (url.protocol !== 'rtsp:') return `"${url.protocol}//" is not supported; write rtsp://ADDRESS[:PORT]/PATH`;
  if (url.username || url.password) return 'sign-in details do not belong in the URL; use `username` and `password`';
  return undefined;
}

const segment = duration.refine((ms) => ms >= 2_000 && ms <= 3_600_000 && 86_400_000 % ms === 0, {
  error: 'must divide a day evenly and lie between 2s and 1h; 5m to 10m is what other tools expect',
});

const mode = z.enum(['continuous', 'off']);
const audio = z.enum(['aac', 'none']);

const record = z.strictObject({
  segment: segment.default(300_000),
  mode: mode.default('continuous'),
  audio: audio.default('aac'),
});

/** What a camera may set for itself; the rest comes from the site's `record`. */
const cameraRecord = z.strictObject({
  segment: segment.optional(),
  mode: mode.optional(),
  audio: audio.optional(),
});

const camera = z
  .strictObject({
    streams: z.strictObject({ main: rtspUrl, sub: rtspUrl.optional() }),
    username: z.string().min(1).optional(),
    password: z.string().min(1).optional(),
    record: cameraRecord.optional(),
    snapshot: z.strictObject({ every: duration.optional() }).optional(),
  })
  .refine(({ username, password }) => !password || username, {
    path: ['username'],
    error: 'a password needs a username',
    when: isGroup,
  });

const FINGERPRINT = 'write it as OpenSSH prints it, e.g. SHA256:uNiVztksCsDhcc0u9e8BrqXVb…';

const sftp = z
  .strictObject({
    type: z.literal('sftp'),
    host: z.string().min(1),
    port: port.default(22),
    username: z.string().min(1),
    password: z.string().min(1).optional(),
    key_file: z.string().min(1).optional(),
    passphrase: z.string().min(1).optional(),
    /** SHA256 fingerprints as OpenSSH prints them, or `trust-on-first-use` to pin what the first connection shows. */
    host_key: z.union(
      [z.literal('trust-on-first-use'), z.array(fingerprint()).min(1), fingerprint().transform((one) => [one])],
      { error: `${FINGERPRINT}, or \`trust-on-first-use\`` },
    ),
    /** Files sent at once over the one connection. */
    parallel: z.number().int().min(1).max(8).default(2),
  })
  .refine(({ password, key_file }) => password || key_file, {
    error: 'give `key_file` (or `password`): there is no way to sign in',
    when: isGroup,
  });

function fingerprint() {
  return z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}=?$/, { error: FINGERPRINT });
}

/** Rules between settings are checked even where one of them is faulty: all faults are told at once. */
function isGroup({ value }: { value: unknown }): boolean {
  return typeof value === 'object' && value !== null;
}

const folder = z.strictObject({ type: z.literal('folder'), path: z.string().min(1) });

export const configSchema = z.strictObject({
  version: z.literal(1).default(1),
  site: name('site').default('home'),
  /** IANA zone the pages show times in. Keys and the index are UTC. */
  timezone: z.string().refine(isTimezone, { error: 'not an IANA time zone, e.g. Europe/Copenhagen' }).default('UTC'),
  storage: z
    .strictObject({
      dir: z.string().min(1).default('./nvr-uplink-data'),
      /** Local copies stay this long after their upload was verified. */
      keep_uploaded: duration.default(48 * 3_600_000),
      /** Verified copies are freed sooner, oldest first, to stay below this. */
      max: bytes.optional(),
      /** … and to keep this much of the disk free. */
      min_free: bytes.default(1_000_000_000),
    })
    .prefault({}),
  record: record.prefault({}),
  snapshot: z.strictObject({ every: duration.default(3_600_000) }).prefault({}),
  cameras: z
    .record(cameraName, camera)
    .refine((map) => Object.keys(map).length > 0, { error: 'no camera is configured' }),
  remotes: z.record(name('remote'), z.discriminatedUnion('type', [sftp, folder])).default({}),
  /** How long index entries may wait to be written together as one shard. */
  index: z.strictObject({ every: duration.default(600_000) }).prefault({}),
  /** A second place to read uploaded footage from, once the local copy is gone. */
  archive: z.strictObject({ type: z.literal('folder'), path: z.string().min(1) }).optional(),
  web: z
    .strictObject({
      listen: z
        .string()
        .refine(isListen, { error: 'write ADDRESS:PORT or PORT, e.g. 127.0.0.1:8080' })
        .default('127.0.0.1:8080'),
      username: z.string().min(1).default('admin'),
      /** Left out, one is made at the first start and kept in the storage folder. */
      password: z.string().min(8, { error: 'at least 8 characters' }).optional(),
      /** Further host names the pages may be reached by (besides addresses and localhost). */
      hosts: z.array(z.string()).default([]),
    })
    .prefault({}),
});

function isListen(text: string): boolean {
  const [, port] = /^(?:.*:)?(\d+)$/.exec(text) ?? [];
  return port !== undefined && Number(port) <= 65_535;
}

function isTimezone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    // Intl throws RangeError for unknown zones; there is no other way to ask.
    return false;
  }
}

export type Config = z.infer<typeof configSchema>;
export type CameraConfig = Config['cameras'][string];
export type RemoteConfig = Config['remotes'][string];
