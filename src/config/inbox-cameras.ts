import type { Config } from './schema.js';

/** Cameras that the configuration names as ones whose files are delivered. */
export function inboxCameras({ inbox }: Config): string[] {
  if (!inbox) return [];
  const ways = [...Object.values(inbox.folders), ...Object.values(inbox.ftp?.users ?? {})];
  const fixed = ways.flatMap(({ camera }) => camera ?? []);
  return [...new Set([...Object.keys(inbox.cameras), ...fixed])].sort();
}
