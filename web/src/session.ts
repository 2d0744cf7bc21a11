import { signal } from '@preact/signals';
import type { SessionReply } from '../../src/browse/api.js';
import { getSession } from './api.js';
import { chooseSite, chosenSite } from './site.js';
import { Zone } from './timeline/zone.js';

/** Who is signed in, and where the recorder is. Undefined until the recorder has answered. */
export const session = signal<(SessionReply & { zone: Zone }) | undefined>(undefined);

export async function loadSession(signal?: AbortSignal): Promise<void> {
  const reply = await getSession(signal);
  chooseSite(chosenSite(), reply.sites);
  session.value = { ...reply, zone: new Zone(reply.timezone) };
}
