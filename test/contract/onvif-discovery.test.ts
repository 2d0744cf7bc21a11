import { spawn } from 'node:child_process';
import { randomUUID, X509Certificate } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { pinOf } from '../../lib/certificate-pin.js';
import { systemClock } from '../../lib/clock.js';
import { OnvifConnection } from '../../lib/onvif/connection.js';
import { type Discovered, discover, probeAddress } from '../../lib/onvif/discovery.js';
import { selfSigned } from '../../lib/simulator/certificate.js';
import type { HearOptions, HearResult } from '../simulators/hear-alone.js';
import { scriptedCamera } from '../simulators/scripted-camera.js';
import { discoveryEnvelope, match, matches } from '../simulators/scripted-discovery.js';

const signal = new AbortController().signal;
const NVT = 'dn:NetworkVideoTransmitter';
const xaddrs = 'http://127.0.0.1:8080/onvif/device_service';

interface Ended extends HearResult {
  status: number | null;
  stderr: string;
}

/** In a network with nothing but itself and whoever answers with these packets. */
async function hear(
  mode: HearOptions['mode'],
  packets: (string | Buffer)[],
  more: Partial<HearOptions> = {},
): Promise<Ended> {
  const script = new URL('../simulators/hear-alone.ts', import.meta.url).pathname;
  const alone = ['-rn', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'];
  const child = spawn('unshare', [...alone, process.execPath, '--import', 'tsx', script]);
  const options: HearOptions = { mode, packets: packets.map((one) => Buffer.from(one).toString('base64')), ...more };
  child.stdin.end(JSON.stringify(options));
  const status = new Promise<number | null>((resolve) => child.on('close', resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const ended = { status: await status, stderr };
  if (mode !== 'unguarded' && ended.status !== 0) throw new Error(`${mode} ended with ${ended.status}: ${stderr}`);
  return { ...(stdout ? (JSON.parse(stdout) as HearResult) : ({} as HearResult)), ...ended };
}

function found({ devices }: HearResult): Discovered[] {
  return devices as Discovered[];
}

describe.concurrent('several devices in one datagram', () => {
  it('are lost by the package, but found here', async () => {
    const uuids = [randomUUID(), randomUUID()];
    const ports = [8081, 8082];
    const part = (uuid: string, at: number) =>
      match({ uuid: `urn:uuid:${uuid}`, types: NVT, xaddrs: `http://127.0.0.1:${ports[at]}/onvif/device_service` });
    const packet = matches(uuids.map(part));
    const bare = await hear('resolved', [packet]);
    expect(bare.devices.length).toBeLessThan(2);
    expect(
      found(await hear('ours', [packet]))
        .map(({ uuid }) => uuid)
        .sort(),
    ).toEqual(uuids.sort());
  });
});

describe.concurrent('a device', () => {
  const uuid = randomUUID();

  it('with a blank before its address is lost by the package, but found here', async () => {
    const packet = matches([match({ uuid, types: NVT, xaddrs: ` ${xaddrs}` })]);
    expect((await hear('resolved', [packet])).devices).toEqual([]);
    expect(found(await hear('ours', [packet]))).toMatchObject([
      { uuid, addresses: [{ host: '127.0.0.1', port: 8080, path: '/onvif/device_service', secure: false }] },
    ]);
  });

  it('without an address is lost by the package, but looked for here where it answers', async () => {
    const packet = matches([match({ uuid, types: NVT })]);
    expect((await hear('resolved', [packet], { port: 8000 })).devices).toEqual([]);
    expect(found(await hear('ours', [packet], { port: 8000 }))).toMatchObject([
      { uuid, from: '127.0.0.1', addresses: [{ host: '127.0.0.1', port: 8000, path: '/onvif/device_service' }] },
    ]);
    expect(found(await hear('ours', [packet]))).toEqual([]);
  });

  it('is found once, though asked three times for two types, each under a number of its own', async () => {
    const { devices, probes, heard } = await hear('ours', [matches([match({ uuid, types: NVT, xaddrs })])]);
    expect(devices).toHaveLength(1);
    expect(heard).toEqual(['127.0.0.1']);
    expect(probes.map(({ types }) => types).sort()).toEqual([NVT, NVT, NVT, 'tds:Device', 'tds:Device', 'tds:Device']);
    expect(new Set(probes.map(({ id }) => id)).size).toBe(6);
  });

  it('is heard when it says hello, unasked', async () => {
    const hello = discoveryEnvelope(match({ uuid, types: NVT, xaddrs }, 'Hello'));
    expect(found(await hear('ours', [], { hello }))).toMatchObject([{ uuid }]);
  });

  it('may relate to our probe in its own way, but not to another’s', async () => {
    const [odd, none, other] = [randomUUID(), randomUUID(), randomUUID()];
    const one = (id: string, relatesTo: string) => matches([match({ uuid: id, types: NVT, xaddrs })], relatesTo);
    const packets = [one(odd, 'probe 1'), one(none, ''), one(other, `urn:uuid:${randomUUID()}`)];
    const result = await hear('ours', packets);
    expect(
      found(result)
        .map((device) => device.uuid)
        .sort(),
    ).toEqual([odd, none].sort());
    // One for each probe; on a busy machine the last answers may come too late.
    expect(result.strayed).toBeGreaterThanOrEqual(2);
  });
});

describe.concurrent('garbage', () => {
  const good = matches([match({ uuid: randomUUID(), types: NVT, xaddrs })]);
  const noise = ['', 'hello', '<', '<!DOCTYPE x><x/>', good.slice(0, 400), Buffer.alloc(60_000, 0xff)];

  it('ends the whole process of the package, where nobody listens for errors', async () => {
    const { status, stderr } = await hear('unguarded', noise);
    expect(status).not.toBe(0);
    expect(stderr).toContain('Wrong SOAP message');
  });

  it('makes the promise of the package reject, whatever else it found', async () => {
    // What is in order is found by every form of it: the losses here are no fault of the network.
    expect((await hear('resolved', [good])).devices).toEqual(['127.0.0.1:8080']);
    expect((await hear('promise', [good])).rejected).toBeUndefined();
    expect((await hear('promise', [good, ...noise])).rejected).toContain('Wrong ONVIF SOAP response');
  });

  it('is counted here, and the camera among it is found', async () => {
    const { devices, malformed, thrown } = await hear('ours', [...noise, good, ...noise]);
    expect(devices).toHaveLength(1);
    // Twelve to each of six probes, of which the network may lose some.
    expect(malformed).toBeGreaterThan(48);
    expect(malformed).toBeLessThanOrEqual(72);
    expect(thrown).toEqual([]);
  });
});

describe('discovery', () => {
  it('ends at once when told to, and names an interface there is not', async () => {
    const stop = new AbortController();
    const options = { clock: systemClock, signal: stop.signal, interfaces: ['lo'], waitMs: 3_600_000 };
    const finding = discover(options);
    stop.abort();
    expect(await finding).toBeInstanceOf(Array);
    await expect(discover({ ...options, interfaces: ['nowhere0'] })).rejects.toMatchObject({
      code: 'interface-unknown',
    });
  });
});

describe('a host that nobody announced', () => {
  it('is asked for the time, unsigned, on the usual paths', async () => {
    const answer = ({ path }: { path: string }) =>
      path === '/onvif/service' ? '<tds:GetSystemDateAndTimeResponse/>' : { status: 404 };
    const camera = await scriptedCamera({ answers: { GetSystemDateAndTime: answer } });
    const { port } = camera;
    const probed = await probeAddress('127.0.0.1', { clock: systemClock, signal, port });
    await camera.close();
    expect(probed).toEqual([{ host: '127.0.0.1', port, path: '/onvif/service', secure: false }]);
    expect(
      camera.asked.every(({ body }) => body.includes('GetSystemDateAndTime') && !body.includes('UsernameToken')),
    ).toBe(true);
  });

  it('may speak HTTPS alone, and comes with the certificate it showed', async () => {
    const tls = await selfSigned('IPC', '127.0.0.1', signal);
    const camera = await scriptedCamera({ tls });
    const { port } = camera;
    const [found, ...more] = await probeAddress('127.0.0.1', { clock: systemClock, signal, port });
    expect(more).toEqual([]);
    expect(found).toMatchObject({ port, secure: true, path: '/onvif/device_service' });
    expect(pinOf(found!.certificate!)).toBe(pinOf(new X509Certificate(tls.cert).fingerprint256));
    // What it found can be opened as it is.
    await expect(OnvifConnection.open(found!, { clock: systemClock, signal })).resolves.toBeDefined();
    await camera.close();
  });

  it('is left alone when we are told to stop', async () => {
    const stopped = probeAddress('127.0.0.1', { clock: systemClock, signal: AbortSignal.abort(), port: 80 });
    await expect(stopped).rejects.toMatchObject({ code: 'aborted', kind: 'aborted' });
    const nowhere = probeAddress('http://x', { clock: systemClock, signal });
    await expect(nowhere).rejects.toMatchObject({ code: 'target-invalid' });
  });

  it('may refuse or fault, and is a camera all the same; a page is none', async () => {
    const fault = await scriptedCamera({
      answers: { GetSystemDateAndTime: { status: 500, body: discoveryEnvelope('<s:Fault/>') } },
    });
    const page = await scriptedCamera({ answers: { GetSystemDateAndTime: { body: '<html>Router</html>' } } });
    const probe = (port: number) => probeAddress('127.0.0.1', { clock: systemClock, signal, port });
    expect(await probe(fault.port)).toMatchObject([{ port: fault.port, path: '/onvif/device_service' }]);
    expect(await probe(page.port)).toEqual([]);
    await Promise.all([fault.close(), page.close()]);
    expect(await probe(page.port)).toEqual([]);
  });
});
