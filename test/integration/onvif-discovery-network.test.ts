import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DiscoveryReport } from '../../lib/onvif/discovery.js';
import { PERSONA_NAMES } from '../../lib/simulator/personas.js';
import { CameraNetwork, GARBAGE_ADDRESS } from '../simulators/namespaces.js';

const DISCOVER = script('discover-json.ts');
const SIGN_IN = script('find-cameras.ts');

/** A few of the cameras answer as bad firmware does, by their place in the list. */
const FAULTS: Record<number, string[]> = {
  3: ['leading-space'],
  8: ['no-xaddrs'],
  13: ['xaddr-host=10.77.0.250'],
  17: ['clock-skew=-3600000'],
};

let dir: string;
let network: CameraNetwork;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'network-'));
  const cameras = Array.from({ length: 20 }, (_, index) => ({
    name: `camera-${index + 1}`,
    persona: PERSONA_NAMES[index % PERSONA_NAMES.length]!,
    faults: FAULTS[index],
  }));
  network = await CameraNetwork.start({ cameras, garbage: true, cacheDir: dir, password: 'secret' });
}, 400_000);

afterAll(async () => {
  await network?.stop();
  await rm(dir, { recursive: true, force: true });
});

function script(name: string): string {
  return fileURLToPath(new URL(`../simulators/${name}`, import.meta.url));
}

/** What one of our scripts prints on the recorder's host. */
async function told<Result>(path: string, ...args: string[]): Promise<Result> {
  const command = ['CAMERA_PASSWORD=secret', process.execPath, '--import', 'tsx', path, ...args];
  const { stdout, stderr, code } = await network.run('env', command);
  expect([code, String(stderr)]).toEqual([0, '']);
  return JSON.parse(String(stdout)) as Result;
}

describe('twenty cameras of six makers on one network, with garbage among their answers', () => {
  it('are found in one run, each with its own address and MAC', async () => {
    const { devices, malformed, unusable } = await told<DiscoveryReport>(DISCOVER, '8000');
    const facts = (from: string, mac: string | undefined, url: string) => `${from} ${mac} ${url}`;
    const found = devices.map(({ from, mac, addresses }) => {
      const { host, port, path } = addresses[0]!;
      return facts(from, mac, `http://${host}:${port}${path}`);
    });
    const there = network.cameras.map(({ address, mac, onvif }) => {
      const { hostname, port, pathname } = new URL(onvif);
      return facts(address, mac, `http://${hostname}:${port || 80}${pathname}`);
    });
    expect(there).toHaveLength(20);
    expect(found.sort()).toEqual(there.sort());
    expect(new Set(devices.map(({ mac }) => mac)).size).toBe(20);
    expect(malformed).toBeGreaterThan(10);
    expect(unusable).toEqual([]);
  });

  it('are signed in to, and are who they are', async () => {
    const { cameras } = await told<{ cameras: { from: string; serial?: string; error?: string }[] }>(SIGN_IN);
    const known = cameras.map(({ from, serial, error }) => `${from} ${error ?? serial}`);
    expect(known.sort()).toEqual(network.cameras.map(({ address, serial }) => `${address} ${serial}`).sort());
    expect(known.some((one) => one.startsWith(GARBAGE_ADDRESS))).toBe(false);
  });
});
