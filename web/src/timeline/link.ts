import { note } from '../router.js';
import { writeAddress } from './address.js';
import { addressOf } from './following.js';
import type { Timeline } from './timeline.js';

/** Puts a link to what is on screen – cameras, moment, zoom, speed – on the clipboard. */
export async function copyLink(timeline: Timeline): Promise<void> {
  const address = addressOf(timeline);
  if (address) note(writeAddress(address));
  const isCopied = await copy(location.href);
  timeline.tell(
    isCopied ? 'A link to this moment is on the clipboard.' : 'The browser keeps its clipboard shut: copy the address.',
  );
}

async function copy(text: string): Promise<boolean> {
  // Without TLS, as on a home network, the page has no `navigator.clipboard`.
  if (!navigator.clipboard) return copyByHand(text);
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Permission denied: the older way asks for none.
    return copyByHand(text);
  }
}

function copyByHand(text: string): boolean {
  const field = document.createElement('textarea');
  field.value = text;
  field.className = 'unseen';
  document.body.append(field);
  field.select();
  const isCopied = document.execCommand('copy');
  field.remove();
  return isCopied;
}
