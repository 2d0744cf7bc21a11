import { readFile } from 'node:fs/promises';

/** The kernel's neighbour table, where there is one to read. */
const TABLE = '/proc/net/arp';

/** MACs by IPv4 address, of whatever something was sent to lately on this machine's networks; `table` is as Linux prints it. */
export async function neighbours(table = TABLE): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const text = await readFile(table, 'utf8').catch(() => '');
  for (const line of text.split('\n').slice(1)) {
    const [address = '', , , hardware] = line.trim().split(/\s+/);
    const mac = normalMac(hardware);
    if (mac) found.set(address, mac);
  }
  return found;
}

/** `aa:bb:cc:dd:ee:ff` from any spelling; undefined for what is no address of a device. */
export function normalMac(text: string | undefined): string | undefined {
  const digits = text?.trim().toLowerCase() ?? '';
  if (!/^(?:[0-9a-f]{12}|[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2})$/.test(digits)) return undefined;
  const pairs = digits.replace(/[:-]/g, '').match(/../g)!;
  // All zeros, broadcast and multicast are nobody's.
  if (pairs.every((pair) => pair === '00') || Number.parseInt(pairs[0]!, 16) % 2 === 1) return undefined;
  return pairs.join(':');
}
