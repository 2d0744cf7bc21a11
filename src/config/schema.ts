import * as z from 'zod';
import { isName } from '../segment.js';
import { alertsSchema } from './alerts.js';
import { CAMERA_RULES, cameraFields, isTimezone, siteSettings } from './camera.js';
import { awsSchema, sitesSchema } from './deployment-schema.js';
import { inboxSchema } from './inbox-schema.js';
import { siteMotion, sourcesOf } from './motion.js';
import { mqttSchema } from './mqtt.js';
import { STORAGE_DIR } from './places.js';
import { archiveSchema, isGroup, remoteSchema } from './remote-schema.js';
import { RECORD_MODES, schedule } from './schedule.js';
import { bitrate, bytes, duration, timetable } from './units.js';

/** The shape of `nvr-uplink.yaml`. Every field says what it is for; `config schema` prints this as JSON Schema. */

const name = (what: string) =>
  z.string().refine(isName, {
    error: `a ${what} name is 1 to 63 of a-z, 0-9 and "-", starting and ending with a letter or digit`,
  });

/** `index` would put footage where the index lies (docs/archive-format.md). */
const cameraName = name('camera').refine((text) => text !== 'index', { error: 'no camera can be named "index"' });

const segment = duration.refine((ms) => ms >= 2_000 && ms <= 3_600_000 && 86_400_000 % ms === 0, {
  error: 'must divide a day evenly and lie between 2s and 1h; 5m to 10m is what other tools expect',
});

const mode = z.enum(RECORD_MODES);
const roll = duration.refine((ms) => ms <= 60_000, { error: 'at most 60s' });
const calm = duration.refine((ms) => ms >= 1_000 && ms <= 3_600_000, { error: 'between 1s and 1h; 10s is good' });
/** A group of pictures is held whole or not at all, and the smallest stream sends one of more than this. */
const rollMemory = bytes.refine((size) => size >= 1_000_000, {
  error:
    'at least 1MB: a camera sends that much in a second or two; 32MiB is good. For no time before motion write `pre_roll: 0s`',
});
const audio = z.enum(['aac', 'none']);
const engine = z.enum(['auto', 'ffmpeg']);

const record = z.strictObject({
  segment: segment.default(300_000),
  mode: mode.default('continuous'),
  /** Which mode when, in `timezone`; `mode` holds where no rule fits. */
  schedule: schedule.optional(),
  /** What is kept of the time before motion began, and after it ended. */
  pre_roll: roll.default(5_000),
  post_roll: roll.default(10_000),
  /** What may be held in memory for the time before, for each camera; more than this cuts it short. */
  pre_roll_memory: rollMemory.default(32 * 2 ** 20),
  audio: audio.default('aac'),
  /** `auto`: in this process where it can, at less than half the cost, and by ffmpeg where it cannot; `ffmpeg`: always by that. */
  engine: engine.default('auto'),
});

/** What a camera may set for itself; the rest comes from the site's `record`. */
const cameraRecord = z.strictObject({
  segment: segment.optional(),
  mode: mode.optional(),
  schedule: schedule.optional(),
  pre_roll: roll.optional(),
  post_roll: roll.optional(),
  pre_roll_memory: rollMemory.optional(),
  audio: audio.optional(),
  engine: engine.optional(),
});

const camera = CAMERA_RULES.reduce(
  (shape, { path, error, holds }) => shape.refine(holds, { path: [path], error, when: isGroup }),
  z.strictObject({
    ...cameraFields,
    record: cameraRecord.optional(),
    snapshot: z
      .strictObject({ every: duration.optional(), calm: calm.optional(), on_motion: z.boolean().optional() })
      .optional(),
    /** Instead of the site's `storage` of the same names; `max` of this camera's files alone. */
    storage: z.strictObject({ keep_uploaded: duration.optional(), max: bytes.optional() }).optional(),
  }),
);

const settings = z.strictObject({
  version: z.literal(1).default(1),
  site: name('site').default('home'),
  /** IANA zone the pages show times in. Keys and the index are UTC. */
  timezone: z.string().refine(isTimezone, { error: 'not an IANA time zone, e.g. Europe/Copenhagen' }).default('UTC'),
  storage: z
    .strictObject({
      dir: z.string().min(1).default(STORAGE_DIR),
      /** Local copies stay this long after their upload was verified. */
      keep_uploaded: duration.default(48 * 3_600_000),
      /** Verified copies are freed sooner, oldest first, to stay below this. */
      max: bytes.optional(),
      /** … and to keep this much of the disk free. */
      min_free: bytes.default(1_000_000_000),
      /**
       * What happens when that is not enough: `keep` gives nothing up that no remote has, and recording stops; with
       * `drop-oldest-unsent` the oldest of it goes, what did not move first.
       */
      when_full: z.enum(['keep', 'drop-oldest-unsent']).default('keep'),
      /** What `storage-id` in the folder must hold: another folder, or an unmounted disk, is refused. */
      id: z.uuid({ error: 'write what the file storage-id in the storage folder holds' }).optional(),
    })
    .prefault({}),
  record: record.prefault({}),
  motion: siteMotion.prefault({}),
  /** A broker over which others tell of motion. */
  mqtt: mqttSchema.optional(),
  snapshot: z
    .strictObject({
      /** One picture of each camera that often. */
      every: duration.default(3_600_000),
      /** One when nothing has moved for so long, after something did. */
      calm: calm.optional(),
      /** One when something begins to move. */
      on_motion: z.boolean().default(false),
    })
    .prefault({}),
  cameras: z.record(cameraName, camera).default({}),
  /** What recorders and cameras deliver. */
  inbox: inboxSchema(cameraName).optional(),
  /** Where cameras that moved are looked for: names or addresses of this machine's networks; all of them if not said. */
  discovery: z.strictObject({ interfaces: z.array(z.string().min(1)).min(1).optional() }).prefault({}),
  /** What `camera apply` writes to every camera that has an `address`. */
  camera_settings: siteSettings.optional(),
  remotes: z.record(name('remote'), remoteSchema).default({}),
  upload: z
    .strictObject({
      /** Motion recordings are to be off-site this long after they ended; `status` tells how many were late. */
      deadline: duration.default(60_000),
      /** What the line carries upwards at best; `camera check` holds it against what the cameras send. */
      rate: bitrate.optional(),
      /** Of the whole line, all remotes together; times in `timezone`. */
      limit: timetable.optional(),
      /** Lines paid for by volume, by the interface of the default route. */
      metered: z
        .strictObject({
          interfaces: z.array(z.string().min(1)).min(1),
          send: z.enum(['nothing', 'motion']).default('motion'),
        })
        .optional(),
    })
    .prefault({}),
  /** Who is told what is wrong, when it begins and when it ends. */
  alerts: alertsSchema.default({}),
  /** How long index entries may wait to be written together as one shard. */
  index: z.strictObject({ every: duration.default(600_000) }).prefault({}),
  /** A second place to read uploaded footage from, once the local copy is gone. */
  archive: archiveSchema.optional(),
  /** What `cdk deploy` builds, and the recorders it is for; the recorder itself passes over both. */
  aws: awsSchema.optional(),
  sites: sitesSchema.optional(),
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

export const configSchema = settings.superRefine(({ cameras, inbox, record, motion, archive, remotes }, context) => {
  const known = Object.keys(remotes);
  for (const [n, remote] of (archive?.remotes ?? []).entries()) {
    if (known.includes(remote)) continue;
    const message =
      known.length > 0 ? `there is no such remote; there are: ${known.join(', ')}` : 'there are no remotes';
    context.addIssue({ code: 'custom', path: ['archive', 'remotes', n], message });
  }
  for (const [name, camera] of Object.entries(cameras)) {
    const { mode, schedule: rules = [] } = { ...record, ...camera.record };
    const isOnMotion = [mode, ...rules.map((rule) => rule.mode)].includes('motion');
    const named = camera.motion?.sources ?? motion.sources;
    const sources = sourcesOf(camera, motion, isOnMotion);
    if (!isOnMotion || (named ? sources.length > 0 : sources.some((source) => source !== 'external'))) continue;
    context.addIssue({ code: 'custom', path: ['cameras', name], message: UNWATCHED });
  }
  const hasWayIn = inbox !== undefined && (inbox.ftp !== undefined || Object.keys(inbox.folders).length > 0);
  if (inbox && !hasWayIn) {
    context.addIssue({ code: 'custom', path: ['inbox'], message: 'give it a way in: `ftp` or `folders`' });
  }
  if (Object.keys(cameras).length > 0 || hasWayIn) return;
  context.addIssue({ code: 'custom', path: ['cameras'], message: 'no camera is configured' });
});

const UNWATCHED =
  'only motion is to be recorded, and nothing notices it: give the camera an `address` or `streams: { sub: rtsp://… }`, or, if others tell of motion (HTTP, MQTT), `motion: { sources: [external] }`';

function isListen(text: string): boolean {
  const [, port] = /^(?:.*:)?(\d+)$/.exec(text) ?? [];
  return port !== undefined && Number(port) <= 65_535;
}

export type Config = z.infer<typeof configSchema>;
export type CameraConfig = Config['cameras'][string];
export type RemoteConfig = Config['remotes'][string];
