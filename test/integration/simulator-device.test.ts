import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.js';
import { SERVICE_NAMESPACES, type ServiceName } from '../../lib/simulator/onvif-service.js';
import { type RunningCamera, type Simulator, startSimulator } from '../../lib/simulator/simulator.js';
import { find, findAll, textAt } from '../../lib/simulator/soap.js';
import { until } from '../peers/until.js';
import { type SoapSignIn, soapCall } from '../simulators/soap-call.js';
import { RtspClient } from '../unit/simulator/rtsp-client.js';

const never = new AbortController().signal;
const size = { width: 160, height: 90, fps: 15, loopMs: 1_600, gopFrames: 12, rateBps: 200_000 };
const admin = { username: 'admin', password: 'secret' };

let dir: string;
let simulator: Simulator;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'simulator-'));
  simulator = await start();
});

afterEach(() => {
  for (const { camera } of simulator.cameras) camera.faults.clear();
});

afterAll(async () => {
  await simulator.stop();
  await rm(dir, { recursive: true, force: true });
});

/** One camera of each maker, all of the same scene. */
async function start(restartMs = 300): Promise<Simulator> {
  const personas = ['generic', 'hikvision', 'dahua', 'reolink', 'tapo', 'axis'] as const;
  const cameras = personas.map((persona) => ({ name: persona, persona, title: 'one', variant: 0 }));
  return await startSimulator(
    { cameras, cacheDir: dir, password: 'secret', https: true, restartMs, main: size, sub: size },
    never,
  );
}

function running(name: string): RunningCamera {
  return simulator.cameras.find((one) => one.name === name)!;
}

/** A camera that a test may turn inside out. */
async function withOwn(test: (camera: RunningCamera) => Promise<void>, restartMs?: number): Promise<void> {
  const own = await start(restartMs);
  try {
    await test(own.cameras[0]!);
  } finally {
    await own.stop();
  }
}

async function ask(at: RunningCamera, operation: string, content = '', signIn: SoapSignIn = admin) {
  return await soapCall(at.camera.deviceUrl, 'device', operation, { content, signIn });
}

async function media(at: RunningCamera, service: ServiceName, operation: string, content = '') {
  const url = new URL(at.camera.persona.services[service]!, at.camera.deviceUrl);
  return await soapCall(url, service, operation, { content, signIn: admin });
}

async function describesWith(camera: RunningCamera, password: string): Promise<number> {
  const client = await RtspClient.open(Number(new URL(camera.mainUrl).port));
  const { status } = await client.signed('DESCRIBE', camera.mainUrl, ['admin', password]);
  client.socket.destroy();
  return status;
}

describe('what is set', () => {
  it('is read back, and still so after a restart', async () => {
    await withOwn(async (own) => {
      const settings: [string, string, string][] = [
        ['Hostname', '<q:Name>back-door</q:Name>', 'back-door'],
        [
          'NTP',
          '<q:FromDHCP>false</q:FromDHCP><q:NTPManual><tt:Type>IPv4</tt:Type><tt:IPv4Address>10.0.0.9</tt:IPv4Address></q:NTPManual>',
          '10.0.0.9',
        ],
        [
          'DNS',
          '<q:FromDHCP>false</q:FromDHCP><q:DNSManual><tt:Type>IPv4</tt:Type><tt:IPv4Address>10.0.0.8</tt:IPv4Address></q:DNSManual>',
          '10.0.0.8',
        ],
        ['NetworkDefaultGateway', '<q:IPv4Address>10.0.0.1</q:IPv4Address>', '10.0.0.1'],
        ['Scopes', '<q:Scopes>onvif://www.onvif.org/name/Back%20door</q:Scopes>', 'name/Back%20door'],
      ];
      for (const [name, content, expected] of settings) {
        expect((await ask(own, `Get${name}`)).xml).not.toContain(expected);
        expect((await ask(own, `Set${name}`, content)).status).toBe(200);
        expect((await ask(own, `Get${name}`)).xml).toContain(expected);
      }
      await own.camera.reboot();
      for (const [name, , expected] of settings) expect((await ask(own, `Get${name}`)).xml).toContain(expected);
    });
  });

  it('must be possible: anything else is a fault, and changes nothing', async () => {
    const generic = running('generic');
    const before = JSON.stringify(generic.camera.settings);
    const manual = (date: string) =>
      `<q:DateTimeType>Manual</q:DateTimeType><q:DaylightSavings>false</q:DaylightSavings><q:UTCDateTime><tt:Time><tt:Hour>1</tt:Hour><tt:Minute>2</tt:Minute><tt:Second>3</tt:Second></tt:Time><tt:Date>${date}</tt:Date></q:UTCDateTime>`;
    const ipv4 = (address: string) =>
      `<q:InterfaceToken>eth0</q:InterfaceToken><q:NetworkInterface><tt:IPv4><tt:Manual><tt:Address>${address}</tt:Address><tt:PrefixLength>24</tt:PrefixLength></tt:Manual><tt:DHCP>false</tt:DHCP></tt:IPv4></q:NetworkInterface>`;
    for (const [operation, content, subcode] of [
      ['SetHostname', '<q:Name>no spaces here</q:Name>', 'InvalidHostname'],
      [
        'SetSystemDateAndTime',
        manual('<tt:Year>2026</tt:Year><tt:Month>2</tt:Month><tt:Day>30</tt:Day>'),
        'InvalidDateTime',
      ],
      [
        'SetSystemDateAndTime',
        '<q:DateTimeType>NTP</q:DateTimeType><q:TimeZone><tt:TZ>Europe/Berlin</tt:TZ></q:TimeZone>',
        'InvalidTimeZone',
      ],
      ['SetNetworkInterfaces', ipv4('10.0.0.256'), 'InvalidIPv4Address'],
      ['SetNetworkInterfaces', ipv4('10.0.0.2').replace('eth0', 'wlan9'), 'InvalidNetworkInterface'],
      ['SetNTP', '<q:FromDHCP>false</q:FromDHCP>', 'InvalidArgVal'],
      ['SetScopes', '<q:Scopes>name/only</q:Scopes>', 'InvalidArgVal'],
      [
        'CreateUsers',
        '<q:User><tt:Username>x</tt:Username><tt:UserLevel>User</tt:UserLevel></q:User>',
        'PasswordTooWeak',
      ],
      [
        'CreateUsers',
        '<q:User><tt:Username>admin</tt:Username><tt:Password>x</tt:Password><tt:UserLevel>User</tt:UserLevel></q:User>',
        'UsernameClash',
      ],
      ['DeleteUsers', '<q:Username>admin</q:Username>', 'FixedUser'],
      [
        'SetUser',
        '<q:User><tt:Username>nobody</tt:Username><tt:UserLevel>User</tt:UserLevel></q:User>',
        'UsernameMissing',
      ],
    ] as const) {
      const reply = await ask(generic, operation, content);
      expect([operation, reply.status, reply.fault.at(-1)]).toEqual([operation, 400, subcode]);
    }
    expect(JSON.stringify(generic.camera.settings)).toBe(before);
  });

  it('is not set at all where the camera ignores it, and says that it did', async () => {
    const generic = running('generic');
    generic.camera.faults.set('ignores-set', true);
    expect((await ask(generic, 'SetHostname', '<q:Name>other</q:Name>')).body?.name).toBe('SetHostnameResponse');
    expect((await ask(generic, 'GetHostname')).xml).toContain('>generic<');
  });
});

describe('users', () => {
  it('have their password changed, for ONVIF, RTSP and snapshots alike, and for good', async () => {
    await withOwn(async (own) => {
      const user = (password: string) =>
        `<q:User><tt:Username>admin</tt:Username><tt:Password>${password}</tt:Password><tt:UserLevel>Administrator</tt:UserLevel></q:User>`;
      expect(await describesWith(own, 'secret')).toBe(200);
      expect((await ask(own, 'SetUser', user('n&#233;w &lt;&amp;&gt;'))).status).toBe(200);
      await own.camera.reboot();
      const changed = { username: 'admin', password: 'néw <&>' };
      expect((await ask(own, 'GetScopes')).fault).toEqual(['NotAuthorized']);
      expect((await ask(own, 'GetScopes', '', changed)).status).toBe(200);
      expect(await describesWith(own, 'secret')).toBe(401);
      expect(await describesWith(own, 'néw <&>')).toBe(200);
    });
  });

  it('come and go, and may not set what only an administrator may', async () => {
    await withOwn(async (own) => {
      const guest = { username: 'guest', password: 'g' };
      const create =
        '<q:User><tt:Username>guest</tt:Username><tt:Password>g</tt:Password><tt:UserLevel>User</tt:UserLevel></q:User>';
      expect((await ask(own, 'GetScopes', '', guest)).status).toBe(400);
      expect((await ask(own, 'CreateUsers', create)).status).toBe(200);
      expect((await ask(own, 'GetScopes', '', guest)).status).toBe(200);
      expect((await ask(own, 'SetHostname', '<q:Name>mine</q:Name>', guest)).fault).toContain('OperationProhibited');
      expect(findAll((await ask(own, 'GetUsers')).body, 'User').map((one) => textAt(one, 'UserLevel'))).toEqual([
        'Administrator',
        'User',
      ]);
      expect((await ask(own, 'DeleteUsers', '<q:Username>guest</q:Username>')).status).toBe(200);
      expect((await ask(own, 'GetScopes', '', guest)).status).toBe(400);
    });
  });
});

describe('the clock', () => {
  async function yearOf(camera: RunningCamera): Promise<number> {
    const { body } = await soapCall(camera.camera.deviceUrl, 'device', 'GetSystemDateAndTime');
    return Number(textAt(body, 'SystemDateAndTime', 'UTCDateTime', 'Date', 'Year'));
  }

  it('runs by itself once set, goes by NTP again when told, and may be lost in a restart', async () => {
    await withOwn(async (own) => {
      const set =
        '<q:DateTimeType>Manual</q:DateTimeType><q:DaylightSavings>false</q:DaylightSavings><q:TimeZone><tt:TZ>CET-1CEST,M3.5.0,M10.5.0/3</tt:TZ></q:TimeZone><q:UTCDateTime><tt:Time><tt:Hour>1</tt:Hour><tt:Minute>2</tt:Minute><tt:Second>3</tt:Second></tt:Time><tt:Date><tt:Year>2031</tt:Year><tt:Month>2</tt:Month><tt:Day>3</tt:Day></tt:Date></q:UTCDateTime>';
      expect((await ask(own, 'SetSystemDateAndTime', set)).status).toBe(200);
      const { body } = await soapCall(own.camera.deviceUrl, 'device', 'GetSystemDateAndTime');
      const told = find(body, 'SystemDateAndTime')!;
      expect([textAt(told, 'DateTimeType'), textAt(told, 'TimeZone', 'TZ')]).toEqual([
        'Manual',
        'CET-1CEST,M3.5.0,M10.5.0/3',
      ]);
      expect([textAt(told, 'UTCDateTime', 'Time', 'Hour'), textAt(told, 'LocalDateTime', 'Time', 'Hour')]).toEqual([
        '1',
        '2',
      ]);
      // Our own time is no good to sign with any more.
      expect((await ask(own, 'GetScopes')).fault).toEqual(['NotAuthorized']);
      const then = { ...admin, createdMs: Date.UTC(2031, 1, 3, 1, 2, 20) };
      expect((await ask(own, 'GetScopes', '', then)).status).toBe(200);
      await own.camera.reboot();
      expect(await yearOf(own)).toBe(2031);
      own.camera.faults.set('forgets-time', true);
      await own.camera.reboot();
      expect(await yearOf(own)).toBe(1970);
      const ntp = '<q:DateTimeType>NTP</q:DateTimeType><q:DaylightSavings>false</q:DaylightSavings>';
      expect((await ask(own, 'SetSystemDateAndTime', ntp, { ...admin, createdMs: 20_000 })).status).toBe(200);
      expect((await ask(own, 'GetScopes')).status).toBe(200);
    });
  });

  it('may be off, and takes tokens by its own time only', async () => {
    const { camera } = running('generic');
    camera.faults.set('clock-skew', -3_600_000);
    expect((await ask(running('generic'), 'GetScopes')).status).toBe(400);
    const late = { ...admin, createdMs: systemClock.now() - 3_600_000 };
    expect((await ask(running('generic'), 'GetScopes', '', late)).status).toBe(200);
  });
});

describe('a restart', () => {
  it('ends streams, refuses connections for a moment, and leaves everything where it was', async () => {
    await withOwn(async (own) => {
      const client = await RtspClient.open(Number(new URL(own.mainUrl).port));
      await client.play(own.mainUrl, ['admin', 'secret']);
      await until('a picture', () => client.packets(0).length > 0);
      const ports = [own.mainUrl, own.onvifUrl];
      expect((await ask(own, 'SystemReboot')).body?.name).toBe('SystemRebootResponse');
      await until('the stream to end', () => client.closed);
      await until('the camera to be gone', () => !own.camera.isAnswering());
      await until('the camera to be back', () => own.camera.isAnswering());
      expect([own.camera.mainUrl, own.camera.deviceUrl]).toEqual(ports);
      expect(await describesWith(own, 'secret')).toBe(200);
      // Long enough to be seen gone, however busy the machine is.
    }, 3_000);
  });

  it('does not keep it from stopping', async () => {
    const own = await start();
    await ask(own.cameras[0]!, 'SystemReboot');
    await own.stop();
    expect(own.cameras[0]!.camera.isAnswering()).toBe(false);
    await systemClock.sleep(600);
    await expect(fetch(own.cameras[0]!.onvifUrl!)).rejects.toThrow();
  });
});

describe('another address', () => {
  const move = (address: string) =>
    `<q:InterfaceToken>eth0</q:InterfaceToken><q:NetworkInterface><tt:Enabled>true</tt:Enabled><tt:IPv4><tt:Enabled>true</tt:Enabled><tt:Manual><tt:Address>${address}</tt:Address><tt:PrefixLength>8</tt:PrefixLength></tt:Manual><tt:DHCP>false</tt:DHCP></tt:IPv4></q:NetworkInterface>`;

  it('is where the camera is from then on, and nowhere else', async () => {
    await withOwn(async (own) => {
      const { port } = new URL(own.onvifUrl!);
      expect((await ask(own, 'SetNetworkInterfaces', move('127.0.0.77'))).status).toBe(200);
      await until('the camera at its new address', async () => {
        const reply = await ask(own, 'GetNetworkInterfaces').catch(() => undefined);
        return reply?.xml.includes('<tt:Address>127.0.0.77<') ?? false;
      });
      expect(own.camera.mainUrl).toContain('//127.0.0.77:');
      const old = connectTcp(Number(port), '127.0.0.1');
      await expect(
        new Promise((resolve, reject) => old.once('connect', resolve).once('error', reject)),
      ).rejects.toThrow(/ECONNREFUSED/);
    });
  });

  it('loses the camera if it cannot be there, until it is given a better one', async () => {
    await withOwn(async (own) => {
      expect((await ask(own, 'SetNetworkInterfaces', move('203.0.113.9'))).status).toBe(200);
      await until('the camera to be gone', () => !own.camera.isAnswering());
      await expect(fetch(own.onvifUrl!)).rejects.toThrow();
      await own.camera.moveTo('127.0.0.1');
      expect((await ask(own, 'GetScopes')).status).toBe(200);
    });
  });
});

describe('services at one address', () => {
  it('are told apart by the namespace of what they are asked', async () => {
    const axis = running('axis');
    const { media: path, media2 } = axis.camera.persona.services;
    expect(media2).toBe(path);
    for (const service of ['media', 'media2'] as const) {
      const { body } = await media(axis, service, 'GetProfiles');
      expect([body?.name, body?.namespace]).toEqual(['GetProfilesResponse', SERVICE_NAMESPACES[service]]);
    }
    expect((await media(axis, 'media2', 'GetDeviceInformation')).fault).toEqual(['ActionNotSupported']);
  });
});

describe('an encoder', () => {
  const media2 = (token: string, gop: number, encoding: string, width: number, height: number, kbps: number) =>
    `<q:Configuration token="${token}" GovLength="${gop}" Profile="Main"><tt:Name>x</tt:Name><tt:UseCount>1</tt:UseCount><tt:Encoding>${encoding}</tt:Encoding>` +
    `<tt:Resolution><tt:Width>${width}</tt:Width><tt:Height>${height}</tt:Height></tt:Resolution><tt:RateControl><tt:FrameRateLimit>10</tt:FrameRateLimit>` +
    `<tt:BitrateLimit>${kbps}</tt:BitrateLimit></tt:RateControl><tt:Quality>4</tt:Quality></q:Configuration>`;

  it('is set, rounds as its maker does, and its stream follows', async () => {
    const own = await start();
    const camera = own.cameras[1]!;
    const token = camera.camera.persona.profiles.main.encoderToken;
    const playing = await RtspClient.open(Number(new URL(camera.mainUrl).port));
    await playing.play(camera.mainUrl, ['admin', 'secret']);
    expect(camera.camera.main.spec).toMatchObject({ codec: 'H265', width: 160 });
    const set = await media(camera, 'media2', 'SetVideoEncoderConfiguration', media2(token, 8, 'H264', 80, 46, 100));
    expect(set.status).toBe(200);
    const read = find((await media(camera, 'media2', 'GetVideoEncoderConfigurations')).body, 'Configurations')!;
    expect([textAt(read, 'Encoding'), textAt(read, 'Resolution', 'Width'), read.attributes.get('GovLength')]).toEqual([
      'H264',
      '80',
      '8',
    ]);
    // Steps of 32 kbit/s.
    expect(textAt(read, 'RateControl', 'BitrateLimit')).toBe('96');
    await camera.camera.settled();
    await until('the old stream to end', () => playing.closed);
    const client = await RtspClient.open(Number(new URL(camera.mainUrl).port));
    const { body } = await client.signed('DESCRIBE', camera.mainUrl, ['admin', 'secret']);
    client.socket.destroy();
    expect(body).toContain('H264/90000');
    expect(body).toContain('a=framerate:10');
    expect(camera.camera.main.video.filter(({ key }) => key)).toHaveLength(2);
    await own.stop();
  });

  it('refuses what it cannot do', async () => {
    const generic = running('generic');
    const set = async (content: string) =>
      (await media(generic, 'media2', 'SetVideoEncoderConfiguration', content)).fault.at(-1);
    expect(await set(media2('encoder-main', 8, 'H264', 161, 90, 100))).toBe('ConfigModify');
    expect(await set(media2('encoder-main', 8, 'H265', 160, 90, 100))).toBe('ConfigModify');
    expect(await set(media2('encoder-main', -1, 'H264', 160, 90, 100))).toBe('ConfigModify');
    expect(await set(media2('encoder-none', 8, 'H264', 160, 90, 100))).toBe('NoConfig');
    expect(generic.camera.settings.encoders.main).toMatchObject({ width: 160, gopFrames: 12 });
  });
});
