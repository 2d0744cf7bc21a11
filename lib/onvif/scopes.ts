import { normalMac } from './neighbours.js';

/** What a device tells everybody about itself: `onvif://www.onvif.org/name/Front%20door`. */
export interface ScopeFacts {
  name: string | undefined;
  hardware: string | undefined;
  mac: string | undefined;
}

export function scopeFacts(scopes: readonly string[]): ScopeFacts {
  const value = (key: string) => {
    const found = scopes.map((scope) => new RegExp(`^onvif://www\\.onvif\\.org/${key}/(.+)$`, 'i').exec(scope)?.[1]);
    return decode(found.find((one) => one !== undefined));
  };
  return { name: value('name'), hardware: value('hardware'), mac: normalMac(value('mac')) };
}

/** Percent-encoded by the book; some makers do not, and a name may hold a lone `%`. */
function decode(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const trimmed = text.replace(/\/$/, '');
  try {
    return decodeURIComponent(trimmed).trim() || undefined;
  } catch {
    return trimmed;
  }
}
