import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Gathering } from '../../../lib/onvif/discovered.js';
import { probeAddresses } from '../../../lib/onvif/discovery-sockets.js';
import { probe, readDatagram } from '../../../lib/onvif/discovery-wire.js';
import { neighbours, normalMac } from '../../../lib/onvif/neighbours.js';
import { parseXml } from '../../../lib/onvif/xml.js';
import { discoveryEnvelope, type MatchOptions, match, matches } from '../../simulators/scripted-discovery.js';

const [A, B] = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'];
const NVT = 'dn:NetworkVideoTransmitter';

function read(xml: string) {
  return readDatagram(Buffer.from(xml));
}

describe('a datagram', () => {
  it('may hold several devices, blanks before addresses, and line breaks between', () => {
    const first = match({
      uuid: `urn:uuid:${A.toUpperCase()}`,
      types: `${NVT} tds:Device`,
      xaddrs: ' \n http://10.0.0.1/onvif\n http://[fe80::1]/onvif ',
    });
    const second = match({
      uuid: `uuid:${B}`,
      types: NVT,
      scopes: '\tonvif://www.onvif.org/name/Gate%20A  onvif://x',
      xaddrs: 'ftp://no http://10.0.0.2:8000/',
    });
    expect(read(matches([first, second], `uuid:${A}`))).toEqual({
      relatesTo: A,
      announcements: [
        {
          uuid: A,
          types: ['NetworkVideoTransmitter', 'Device'],
          scopes: [],
          xaddrs: ['http://10.0.0.1/onvif', 'http://[fe80::1]/onvif'],
        },
        {
          uuid: B,
          types: ['NetworkVideoTransmitter'],
          scopes: ['onvif://www.onvif.org/name/Gate%20A', 'onvif://x'],
          xaddrs: ['http://10.0.0.2:8000/'],
        },
      ],
    });
  });

  it('may be a hello, which relates to nothing', () => {
    const hello = discoveryEnvelope(match({ uuid: A, types: NVT }, 'Hello'));
    expect(read(hello)).toMatchObject({ relatesTo: undefined, announcements: [{ uuid: A }] });
  });

  it('counts as a camera’s by any one sign, and printers’ do not', () => {
    const isCamera = (options: MatchOptions) => read(matches([match(options)]))!.announcements.length === 1;
    expect(isCamera({ types: 'wsdp:Device pub:Computer', scopes: '', xaddrs: 'http://10.0.0.9:5357/x' })).toBe(false);
    expect(isCamera({ types: 'wprt:PrintDeviceType', scopes: 'ldap:///x' })).toBe(false);
    expect(isCamera({ types: 'x:NetworkVideoTransmitter' })).toBe(true);
    expect(isCamera({ types: 'wsdp:Device', scopes: 'onvif://www.onvif.org/type/ptz' })).toBe(true);
    expect(isCamera({ types: 'wsdp:Device', xaddrs: 'http://10.0.0.9/onvif/device_service' })).toBe(true);
    expect(isCamera({ uuid: A })).toBe(true);
  });

  it('of others is none, and what is no XML is an error', () => {
    expect(read(probe(A, 'tds:Device').toString())).toBeUndefined();
    expect(read(discoveryEnvelope('<d:Bye/>'))).toBeUndefined();
    expect(read('<x/>')).toBeUndefined();
    for (const noise of ['', 'M-SEARCH * HTTP/1.1', '<a', '<!DOCTYPE x><x/>', '\0\0\0']) {
      expect(() => read(noise), noise).toThrow(expect.objectContaining({ code: 'xml-invalid' }));
    }
  });
});

it('a probe asks for one type, under its own number', () => {
  const text = JSON.stringify(parseXml(probe(A, NVT)));
  expect(text).toContain(`urn:uuid:${A}`);
  expect(text).toContain('dn:NetworkVideoTransmitter');
});

describe('what was heard', () => {
  const gather = (heard: [from: string, ...MatchOptions[]][], table: Record<string, string> = {}) => {
    const gathering = new Gathering();
    for (const [from, ...options] of heard) {
      const { announcements } = read(matches(options.map((one) => match({ types: NVT, ...one }))))!;
      for (const one of announcements) gathering.add(one, from);
    }
    return gathering.devices(new Map(Object.entries(table)));
  };

  it('is one device for each UUID, with all its addresses and scopes', () => {
    const devices = gather(
      [
        [
          '10.0.0.10',
          { uuid: A, xaddrs: 'http://10.0.0.10/onvif/device_service', scopes: 'onvif://www.onvif.org/name/Gate' },
        ],
        ['10.0.0.9', { uuid: B, xaddrs: 'http://10.0.0.9:8000/onvif/device_service' }],
        [
          '10.0.0.10',
          { uuid: A, xaddrs: 'https://10.0.0.10/onvif/device_service', scopes: 'onvif://www.onvif.org/hardware/X1' },
        ],
        ['192.168.7.10', { uuid: A, xaddrs: 'http://192.168.7.10/onvif/device_service' }],
      ],
      { '10.0.0.9': '02:00:00:00:00:09' },
    );
    expect(devices).toMatchObject([
      {
        uuid: B,
        from: '10.0.0.9',
        mac: '02:00:00:00:00:09',
        addresses: [{ host: '10.0.0.9', port: 8000, secure: false }],
      },
      {
        uuid: A,
        name: 'Gate',
        hardware: 'X1',
        from: '10.0.0.10',
        addresses: [
          { host: '10.0.0.10', port: 80, path: '/onvif/device_service', secure: false },
          { host: '10.0.0.10', port: 443, secure: true },
          { host: '192.168.7.10', port: 80 },
        ],
      },
    ]);
  });

  it('is two devices where a maker gave both one UUID, but not their network cards', () => {
    const both: [string, MatchOptions][] = [
      ['10.0.0.1', { uuid: A }],
      ['10.0.0.2', { uuid: A }],
    ];
    expect(gather(both, { '10.0.0.1': '02:00:00:00:00:01', '10.0.0.2': '02:00:00:00:00:02' })).toHaveLength(2);
    expect(gather(both)).toHaveLength(1);
  });

  it('is one device without a UUID by its MAC or address, and never mixed with a neighbour', () => {
    const mac = 'onvif://www.onvif.org/mac/02-00-00-00-00-01';
    expect(
      gather([
        ['10.0.0.1', { scopes: mac }],
        ['10.0.0.2', { scopes: mac }],
        ['10.0.0.3', {}],
        ['10.0.0.3', {}],
        ['10.0.0.4', {}],
      ]),
    ).toMatchObject([{ from: '10.0.0.1', mac: '02:00:00:00:00:01' }, { from: '10.0.0.3' }, { from: '10.0.0.4' }]);
  });

  it('leads nowhere but to the sender', () => {
    const addresses = (xaddrs: string, from = '10.0.0.1') =>
      gather([[from, { uuid: A, xaddrs }]])[0]!.addresses.map(({ host, port, path }) => `${host}:${port}${path}`);
    expect(addresses('http://169.254.169.254/latest/onvif')).toEqual(['10.0.0.1:80/latest/onvif']);
    expect(addresses('http://192.168.1.108:81/a http://10.0.0.1:82/b')).toEqual(['10.0.0.1:82/b', '10.0.0.1:81/a']);
    expect(addresses('http://[fe80::5]:99/c http://10.0.0.1:82/b')).toEqual(['10.0.0.1:82/b']);
    expect(addresses('http://[fe80::5]:99/c')).toEqual(['10.0.0.1:99/c']);
    expect(addresses('http://10.0.0.1/a http://10.0.0.1:80/a')).toEqual(['10.0.0.1:80/a']);
    expect(addresses('http://:::/')).toEqual([]);
  });

  it('is bounded for each sender and in all', () => {
    const gathering = new Gathering();
    const announcement = (number: number) => ({
      uuid: `${String(number).padStart(8, '0')}-1111-4111-8111-111111111111`,
      types: [],
      scopes: Array.from({ length: 1000 }, (_, index) => `onvif://${number}/${index}`),
      xaddrs: Array.from({ length: 1000 }, (_, index) => `http://x:${index + 1}/`),
    });
    for (let number = 0; number < 1000; number++) gathering.add(announcement(number), '10.0.0.1');
    expect(gathering.size).toBe(256);
    const [first] = gathering.devices(new Map());
    expect(first!.scopes.length).toBeLessThanOrEqual(128);
    expect(first!.addresses.length).toBeLessThanOrEqual(16);
    for (let number = 0; number < 5000; number++)
      gathering.add({ ...announcement(number), scopes: [], xaddrs: [] }, `10.1.${number >> 8}.${number & 255}`);
    expect(gathering.size).toBe(4096);
  });
});

describe('this machine', () => {
  const ip = (address: string, internal = false) => ({
    address,
    internal,
    family: 'IPv4' as const,
    netmask: '',
    mac: '',
    cidr: null,
  });
  const all = { lo: [ip('127.0.0.1', true)], eth0: [ip('10.0.0.5'), ip('192.168.1.5')], wlan0: [ip('10.9.0.5')] };

  it('is asked from on every interface but loopback, or on those named', () => {
    expect(probeAddresses(undefined, all)).toEqual(['10.0.0.5', '192.168.1.5', '10.9.0.5']);
    expect(probeAddresses(['lo', '10.9.0.5'], all)).toEqual(['127.0.0.1', '10.9.0.5']);
    expect(() => probeAddresses(['eth9'], all)).toThrow(
      expect.objectContaining({
        code: 'interface-unknown',
        message: expect.stringContaining('"eth9"'),
        hint: expect.stringContaining('wlan0 (10.9.0.5)'),
      }),
    );
  });

  it('knows its neighbours’ network cards', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'arp-'));
    const table = join(dir, 'arp');
    await writeFile(
      table,
      'IP address       HW type     Flags       HW address            Mask     Device\n10.0.0.1         0x1         0x2         02:FC:00:00:00:05     *        eth0\n10.0.0.2         0x1         0x0         00:00:00:00:00:00     *        eth0\n',
    );
    expect([...(await neighbours(table))]).toEqual([['10.0.0.1', '02:fc:00:00:00:05']]);
    expect((await neighbours(join(dir, 'none'))).size).toBe(0);
    await rm(dir, { recursive: true });
  });

  it('writes network addresses in one way, and takes none that is nobody’s', () => {
    for (const text of ['02:AB:00:00:00:01', '02-ab-00-00-00-01', ' 02ab00000001 '])
      expect(normalMac(text)).toBe('02:ab:00:00:00:01');
    for (const text of [
      undefined,
      '',
      '00:00:00:00:00:00',
      'ff:ff:ff:ff:ff:ff',
      '01:00:5e:00:00:01',
      '02:ab',
      '02:ab-00:00:00:01',
      'xx'.repeat(6),
    ]) {
      expect(normalMac(text), String(text)).toBeUndefined();
    }
  });
});
