import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { defaultRouteInterface } from '../../lib/default-route.js';

const dir = mkdtempSync(join(tmpdir(), 'route-'));
afterAll(() => rmSync(dir, { recursive: true }));

const HEAD = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT';
const table = (...lines: string[]) => {
  const file = join(dir, 'route');
  writeFileSync(file, `${[HEAD, ...lines].join('\n')}\n`);
  return defaultRouteInterface(file);
};

it('names the interface of the default route with the smallest metric', () => {
  const lan = 'eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0';
  const half = 'tun0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000080\t0\t0\t0';
  const slow = 'wwan0\t00000000\t0101A8C0\t0003\t0\t0\t700\t00000000\t0\t0\t0';
  const fast = 'eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0';
  expect(table(lan, half, slow, fast)).toBe('eth0');
  expect(table(lan, half, slow)).toBe('wwan0');
  expect(table(lan, half)).toBeUndefined();
  expect(table()).toBeUndefined();
  expect(defaultRouteInterface(join(dir, 'none'))).toBeUndefined();
});
