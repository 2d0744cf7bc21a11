import { readFileSync } from 'node:fs';

const TABLE = '/proc/net/route';

/**
 * The interface that packets to the internet leave by (`eth0`, `wwan0`): that of the default route with the smallest metric.
 * Undefined where there is none, or where the system does not say (only Linux does, in /proc/net/route).
 */
export function defaultRouteInterface(table: string = TABLE): string | undefined {
  let text: string;
  try {
    text = readFileSync(table, 'latin1');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const routes = text
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t'))
    .filter(([, destination, , , , , , mask]) => Number.parseInt(destination ?? '1', 16) === 0 && isZero(mask))
    .sort((a, b) => Number(a[6]) - Number(b[6]));
  return routes[0]?.[0];
}

function isZero(mask: string | undefined): boolean {
  return mask !== undefined && Number.parseInt(mask, 16) === 0;
}
