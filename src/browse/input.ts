import { z } from 'zod';
import { isName, parseMediaKey } from '../segment.js';
import type { LoginRequest } from './api.js';
import { Refusal } from './refusal.js';

/** What may come in from outside. Anything else is refused before it is looked at further. */

const camera = z.string().refine(isName, { error: 'not a camera name' });
const day = z.iso.date({ error: 'not a day; write YYYY-MM-DD' });
const count = z
  .string()
  .regex(/^\d{1,15}$/, { error: 'not a whole number' })
  .transform(Number);

export const cameraQuery = z.object({ camera });
export const dayQuery = z.object({ camera, day });
export const latestQuery = z.object({ camera: camera.optional() });
export const photosQuery = z.object({
  camera: camera.optional(),
  before: count.optional(),
  limit: count.pipe(z.number().min(1).max(500)).default(50),
});
export const snapshotPath = z.object({
  camera: camera.optional(),
  day,
  time: z.string().regex(/^(?:[01]\d|2[0-3])-[0-5]\d-[0-5]\d$/, { error: 'not a time; write HH-MM-SS' }),
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

/**
 * The media key the parts of a path spell; undefined for anything that is no media key, such as the index and whatever
 * tries to leave the archive.
 */
export function mediaKeyOf(parts: readonly string[]): string | undefined {
  // A part with a slash came percent-encoded: one file, one address.
  if (parts.some((part) => part.includes('/'))) return undefined;
  const key = parts.join('/');
  const parsed = parseMediaKey(key);
  return parsed && isName(parsed.site) && isName(parsed.camera) ? key : undefined;
}
