import * as z from 'zod';
import { duration } from './units.js';

/** What notices motion before a camera: the parts of `motion`, for the site and for each camera. */

export const MOTION_SOURCES = ['onvif', 'analysis', 'external'] as const;
export type MotionSourceName = (typeof MOTION_SOURCES)[number];

const sources = z
  .array(z.enum(MOTION_SOURCES))
  .min(1)
  .refine((names) => new Set(names).size === names.length, { error: 'each source once' });

const hold = duration.refine((ms) => ms >= 1_000 && ms <= 600_000, { error: 'between 1s and 10m' });

const share = z.number().min(0).max(1);

/** At least a triangle, round its edge. */
const corners = z
  .array(z.tuple([share, share]), {
    error: 'corners as [x, y], each from 0 to 1: shares of width and height from the upper left',
  })
  .min(3, { error: 'at least three corners' })
  .max(100);

/** What our own analysis is told of a place. */
const analysisFields = {
  /** 1 to 100: how little has to differ. */
  sensitivity: z.int().min(1).max(100),
  /** What covers a smaller share of the picture, in percent, is passed over. */
  min_size: z.number().min(0).max(50),
  /** What moves for less is passed over. */
  min_duration: duration.refine((ms) => ms <= 10_000, { error: 'at most 10s' }),
};

/** Only what lies in an `include` counts, if there is one, and never what lies in an `exclude`. */
const zones = z
  .array(
    z
      .strictObject({ include: corners.optional(), exclude: corners.optional() })
      .refine(({ include, exclude }) => (include === undefined) !== (exclude === undefined), {
        error: 'either include or exclude, e.g. {exclude: [[0, 0], [1, 0], [1, 0.2]]}',
      }),
  )
  .max(50);

export const siteMotion = z.strictObject({
  /** `onvif`: the camera's own events; `analysis`: its small pictures, looked at here; `external`: HTTP and MQTT. */
  sources: sources.optional(),
  /** What moves again within this is one span. */
  hold: hold.default(5_000),
  /** A camera that never says that motion ended is believed for this long after its last word. */
  onvif_hold: hold.default(30_000),
  sensitivity: analysisFields.sensitivity.default(50),
  min_size: analysisFields.min_size.default(0),
  min_duration: analysisFields.min_duration.default(200),
});

/** What a camera may set for itself. */
export const cameraMotion = z.strictObject({
  sources: sources.optional(),
  hold: hold.optional(),
  onvif_hold: hold.optional(),
  sensitivity: analysisFields.sensitivity.optional(),
  min_size: analysisFields.min_size.optional(),
  min_duration: analysisFields.min_duration.optional(),
  zones: zones.optional(),
});

type SiteMotion = z.infer<typeof siteMotion>;
type CameraMotionFields = z.infer<typeof cameraMotion>;

/** What a camera's analysis is told: its own settings, else the site's. */
export function analysisOf(site: SiteMotion, own: CameraMotionFields = {}) {
  return {
    sensitivity: own.sensitivity ?? site.sensitivity,
    minArea: (own.min_size ?? site.min_size) / 100,
    minDurationMs: own.min_duration ?? site.min_duration,
    zones: (own.zones ?? []).map(({ include, exclude }) => ({
      kind: include ? ('include' as const) : ('exclude' as const),
      corners: include ?? exclude ?? [],
    })),
  };
}

interface Watchable {
  address?: string;
  streams?: { sub?: string };
  motion?: { sources?: readonly MotionSourceName[] };
}

/**
 * What notices motion before a camera: what is configured, as far as the camera has it, or what there is without being asked. Its
 * own events cost next to nothing; where it has none, our analysis is used if somebody needs to know of motion.
 */
export function sourcesOf(
  camera: Watchable,
  site: { sources?: readonly MotionSourceName[] },
  isNeeded: boolean,
): readonly MotionSourceName[] {
  const { address, streams } = camera;
  const has = { onvif: address !== undefined, analysis: (streams?.sub ?? address) !== undefined, external: true };
  const usual: MotionSourceName[] = has.onvif ? ['onvif'] : has.analysis && isNeeded ? ['analysis'] : [];
  const wanted = camera.motion?.sources ?? site.sources ?? [...usual, 'external'];
  return wanted.filter((name) => has[name]);
}
