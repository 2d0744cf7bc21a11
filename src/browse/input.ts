import * as z from 'zod';
import { keyProblem } from '../../lib/remote/key.js';
import { isName, parseMediaKey } from '../segment.js';
import type { LoginRequest } from './api.js';
import { Refusal } from './refusal.js';

/** What may come in from outside. Anything else is refused before it is looked at further. */

const camera = z.string().refine(isName, { error: 'not a camera name' });
const site = z.string().refine(isName, { error: 'not a site name' }).optional();
const day = z.iso.date({ error: 'not a day; write YYYY-MM-DD' });
const count = z
  .string()
  .regex(/^\d{1,15}$/, { error: 'not a whole number' })
  .transform(Number);

const month = z.string().regex(/^\d{4}-(?:0[1-9]|1[0-2])$/, { error: 'not a month; write YYYY-MM' });

export const ticketQuery = z.object({ ticket: z.string().max(200) });
export const siteQuery = z.object({ site });
export const cameraQuery = z.object({ camera, site });
/** So many days are told of at once; further ones are asked for from the last one on. */
export const nearestQuery = z
  .object({
    camera: camera.optional(),
    site,
    from: day.optional(),
    to: day.optional(),
    limit: count.pipe(z.number().min(1).max(366)).default(31),
  })
  .refine(({ from, to }) => from === undefined || to === undefined, {
    path: ['to'],
    error: 'not together with `from`',
  });
export const dayQuery = z.object({ camera, day, site });
export const calendarQuery = z.object({ camera: camera.optional(), month, site });
export const latestQuery = z.object({ camera: camera.optional(), site });
export const mediaQuery = z.object({
  via: z.literal('server', { error: 'not a way; write server' }).optional(),
  as: z.literal('h264', { error: 'not a form; write h264' }).optional(),
  from: z
    .string()
    .regex(/^\d{1,6}(?:\.\d{1,6})?$/, { error: 'not a number of seconds' })
    .transform(Number)
    .default(0),
  at: z
    .string()
    .regex(/^\d{1,6}(?:\.\d{1,6})?$/, { error: 'not a number of seconds' })
    .transform(Number)
    .default(0),
});
export const spriteQuery = z.object({ picture: count.optional() });
export const photosQuery = z.object({
  camera: camera.optional(),
  site,
  before: count.optional(),
  limit: count.pipe(z.number().min(1).max(500)).default(50),
});
export const snapshotPath = z.object({
  camera: camera.optional(),
  day,
  time: z.string().regex(/^(?:[01]\d|2[0-3])-[0-5]\d-[0-5]\d$/, { error: 'not a time; write HH-MM-SS' }),
});
const instant = z.int({ error: 'not a time in UTC milliseconds' }).min(0).max(8_640_000_000_000_000);
/** So much footage in one film is a mistake; files of an export are a day's at most. */
const LONGEST_EXPORT_MS = 86_400_000;
export const exportOrder = z
  .strictObject({ camera, site, from: instant, to: instant, originals: z.boolean().default(false) })
  .refine(({ from, to }) => to > from, { path: ['to'], error: 'not after `from`' })
  .refine(({ from, to }) => to - from <= LONGEST_EXPORT_MS, { path: ['to'], error: 'more than a day after `from`' });
const exportId = z.string().regex(/^[0-9A-Za-z-]{1,64}$/, { error: 'not the id of an export' });
export const exportPath = z.object({ id: exportId });
export const exportFilePath = z.object({
  id: exportId,
  file: z.array(
    z.string().refine((part) => keyProblem(part) === undefined && !part.includes('/'), { error: 'not a file' }),
  ),
});
export const auditQuery = z.object({ limit: count.pipe(z.number().min(1).max(1_000)).default(100) });
export const cameraPath = z.object({ camera });
export const motionBody = z.strictObject({
  action: z.enum(['start', 'stop', 'pulse'], { error: 'write start, stop or pulse' }).default('pulse'),
  seconds: z.number().min(1).max(600).optional(),
});
export const credentials = z.object({
  user: z.string().max(200),
  password: z.string().max(1000),
}) satisfies z.ZodType<LoginRequest>;

/** `value` in the shape of `schema`; refuses everything else with 400. What was sent is never repeated. */
export function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(': '));
  throw new Refusal(400, 'invalid-request', problems.join('; '));
}

/** The key the parts of a path spell; undefined for anything that tries to leave the archive. */
export function keyOf(parts: unknown): string | undefined {
  // A part with a slash came percent-encoded: one file, one address.
  if (!Array.isArray(parts) || parts.some((part: string) => part.includes('/'))) return undefined;
  const key = parts.join('/');
  return keyProblem(key) === undefined ? key : undefined;
}

/** Whether this is the key of a media file in our own layout: never of the index, nor of anything else in the bucket. */
export function isPlainKey(key: string): boolean {
  const parsed = parseMediaKey(key);
  return parsed !== undefined && isName(parsed.site) && isName(parsed.camera);
}
