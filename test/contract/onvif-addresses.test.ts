import { X509Certificate } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.js';
import { OnvifConnection, type OnvifTarget } from '../../lib/onvif/connection.js';
import { streams } from '../../lib/onvif/media.js';
import { type Certificate, selfSigned } from '../../lib/simulator/certificate.js';
import { askBare, connectBare } from '../simulators/bare-onvif.js';
import {
  type Script,
  type ScriptedCamera,
  type ScriptedOptions,
  scriptedCamera,
  services,
  uri,
} from '../simulators/scripted-camera.js';

const signal = new AbortController().signal;
const account = { username: 'admin', password: 'secret' };

const cameras: ScriptedCamera[] = [];
afterEach(async () => {
  await Promise.all(cameras.splice(0).map((camera) => camera.close()));
});

async function start(options: ScriptedOptions): Promise<ScriptedCamera> {
  const camera = await scriptedCamera(options);
  cameras.push(camera);
  return camera;
}

function open(port: number, target: Partial<OnvifTarget> = {}): Promise<OnvifConnection> {
  return OnvifConnection.open({ host: '127.0.0.1', port, ...account, ...target }, { clock: systemClock, signal });
}

const PULL =
  '<PullMessages xmlns="http://www.onvif.org/ver10/events/wsdl"><MessageLimit>1</MessageLimit></PullMessages>';

const TIMES =
  '<wsnt:CurrentTime xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2">2026-05-03T12:00:00Z</wsnt:CurrentTime>' +
  '<wsnt:TerminationTime xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2">2026-05-03T12:01:00Z</wsnt:TerminationTime>';

/** What a camera answers to a request for a subscription: where it is. */
function subscription(address: string): Script {
  return (
    '<tev:CreatePullPointSubscriptionResponse xmlns:tev="http://www.onvif.org/ver10/events/wsdl" xmlns:wsa="http://www.w3.org/2005/08/addressing">' +
    `<tev:SubscriptionReference><wsa:Address>${address}</wsa:Address></tev:SubscriptionReference>${TIMES}</tev:CreatePullPointSubscriptionResponse>`
  );
}

describe('a camera behind NAT', () => {
  /** It believes to be 192.0.2.7:80 (TEST-NET-1: nobody is there). */
  const inside = 'http://192.0.2.7';
  const answers = {
    CreatePullPointSubscription: subscription(`${inside}/onvif/subscription?id=3`),
    PullMessages: '<tev:PullMessagesResponse xmlns:tev="http://www.onvif.org/ver10/events/wsdl"/>',
    GetStreamUri: uri('GetStreamUriResponse', 'rtsp://192.0.2.7:554/live?a=1&amp;b=[2]'),
  };

  it('gets addresses from the package that lead nowhere', async () => {
    const { port } = await start({ address: inside, answers });
    const { cam } = await connectBare(port);
    expect(await askBare(cam, 'getStreamUri', { protocol: 'RTSP', profileToken: 'main' })).toMatchObject({
      uri: 'rtsp://192.0.2.7:554/live?a=1&b=[2]',
    });
    const preserving = await connectBare(port, { preserveAddress: true });
    expect(await askBare(preserving.cam, 'getStreamUri', { protocol: 'RTSP', profileToken: 'main' })).toMatchObject({
      uri: 'rtsp://192.0.2.7:554/live?a=1&b=[2]',
    });
    await askBare(cam, 'createPullPointSubscription');
    expect((cam as unknown as { events: object }).events).toMatchObject({
      subscription: { subscriptionReference: { address: { host: '192.0.2.7' } } },
    });
  });

  it('is reached at its outer address with all of them', async () => {
    const camera = await start({ address: inside, answers });
    const connection = await open(camera.port);
    const [main] = await streams(connection);
    expect(main).toMatchObject({
      uri: 'rtsp://127.0.0.1:554/live?a=1&b=[2]',
      snapshotUri: `http://127.0.0.1:${camera.port}/snapshot.jpg`,
    });
    await connection.call({ service: 'events', url: `${inside}/onvif/subscription?id=3`, body: PULL });
    expect(camera.asked.at(-1)).toMatchObject({ operation: 'PullMessages', path: '/onvif/subscription?id=3' });
  });
});

describe('a camera that keeps subscriptions on a port of their own', () => {
  it('is asked there, since it is no other host', async () => {
    const second = await start({ answers: { PullMessages: '<x/>' } });
    const camera = await start({});
    const url = `http://192.168.1.64:${second.port}/event-0_2020`;
    await (await open(camera.port)).call({ service: 'events', url, body: PULL });
    expect(second.asked).toMatchObject([{ operation: 'PullMessages', path: '/event-0_2020' }]);
    expect(camera.operations()).not.toContain('PullMessages');
  });
});

describe('a camera whose addresses point elsewhere', () => {
  it('is followed by the package, which signs in there', async () => {
    const victim = await start({});
    const elsewhere = `http://127.0.0.1:${victim.port}`;
    const { port } = await start({ answers: { CreatePullPointSubscription: subscription(`${elsewhere}/steal`) } });
    const { cam } = await connectBare(port, account);
    await askBare(cam, 'createPullPointSubscription');
    await askBare(cam, 'pullMessages', { messageLimit: 1 }).catch(() => undefined);
    expect(victim.asked[0]).toMatchObject({ path: '/steal', body: expect.stringContaining('UsernameToken') });
  });

  it('hears everything itself: no request, let alone a credential, goes to another host', async () => {
    const victim = await start({});
    for (const host of ['169.254.169.254', `127.0.0.2:${victim.port}`, `localhost:${victim.port}`]) {
      const elsewhere = `http://${host}`;
      const camera = await start({
        answers: {
          GetServices: services(elsewhere),
          GetStreamUri: uri('GetStreamUriResponse', `rtsp://u:p@${host}/x`),
          GetSnapshotUri: uri('GetSnapshotUriResponse', `${elsewhere}/latest/meta-data`),
          PullMessages: '<x/>',
          '/latest/meta-data': { body: 'from the camera itself' },
        },
      });
      const connection = await open(camera.port);
      const [main] = await streams(connection);
      expect(new URL(main!.uri).hostname).toBe('127.0.0.1');
      expect(main!.credentials).toEqual({ username: 'u', password: 'p' });
      expect(String(await connection.get(main!.snapshotUri!))).toBe('from the camera itself');
      await connection.call({ service: 'events', url: `${elsewhere}/steal`, body: PULL });
      expect(camera.asked.at(-1)!.path).toBe('/steal');
    }
    expect(victim.asked).toEqual([]);
  });

  it('is not followed by a redirect either', async () => {
    const victim = await start({});
    const redirect = { status: 302, headers: { Location: `http://127.0.0.1:${victim.port}/` } };
    const { port } = await start({ answers: { GetProfiles: redirect, '/snapshot.jpg': redirect } });
    const connection = await open(port);
    await expect(streams(connection)).rejects.toMatchObject({ code: 'not-onvif' });
    await expect(connection.get('http://x/snapshot.jpg')).rejects.toMatchObject({ code: 'http-status' });
    expect(victim.asked).toEqual([]);
  });
});

describe('a camera on HTTPS', () => {
  let tls: Certificate;
  let pin: string;
  let otherPin: string;
  beforeAll(async () => {
    const [own, other] = await Promise.all(['IPC', 'other'].map((name) => selfSigned(name, '127.0.0.1', signal)));
    tls = own!;
    [pin, otherPin] = [own!, other!].map(({ cert }) => new X509Certificate(cert).fingerprint256) as [string, string];
  });

  const answers = { PullMessages: '<x/>', '/snapshot.jpg': { body: 'picture' } };

  it('names http:// for its subscription, and stops the package', async () => {
    const { port } = await start({ tls, answers: { CreatePullPointSubscription: subscription('http://127.0.0.1/s') } });
    const options = { ...account, useSecure: true, secureOpts: { rejectUnauthorized: false }, preserveAddress: true };
    const { cam, outcome } = await connectBare(port, options);
    expect(outcome).toBe('connected');
    await askBare(cam, 'createPullPointSubscription');
    const pulling = async () => await askBare(cam, 'pullMessages', { messageLimit: 1 });
    await expect(pulling()).rejects.toThrow(/Protocol "http:" not supported/);
  });

  it('is talked to by HTTPS alone, whatever it names', async () => {
    const camera = await start({ tls, address: 'http://192.168.1.64', answers });
    const connection = await open(camera.port, { secure: true, certificate: pin });
    expect((await streams(connection))[0]!.snapshotUri).toBe(`https://127.0.0.1:${camera.port}/snapshot.jpg`);
    await connection.call({ service: 'events', url: 'http://192.168.1.64/s', body: PULL });
    expect(camera.asked.at(-1)!.path).toBe('/s');
    expect(String(await connection.get('http://192.168.1.64:8080/snapshot.jpg'))).toBe('picture');
  });

  it('is asked nothing when its certificate is not the pinned one, or nobody vouches for it', async () => {
    const camera = await start({ tls });
    await expect(open(camera.port, { secure: true, certificate: otherPin })).rejects.toMatchObject({
      code: 'certificate-changed',
      kind: 'permanent',
      message: expect.stringContaining(pin.replaceAll(':', '').toLowerCase()),
    });
    await expect(open(camera.port, { secure: true })).rejects.toMatchObject({ code: 'certificate-unknown' });
    await expect(open(camera.port)).rejects.toMatchObject({ code: expect.stringMatching(/unreachable|not-onvif/) });
    expect(camera.asked).toEqual([]);
  });

  it('may be given a password in the clear, where it is hidden', async () => {
    const basic = `Basic ${Buffer.from('admin:secret').toString('base64')}`;
    const snapshot: Script = ({ headers }) =>
      headers.authorization === basic
        ? { body: 'picture' }
        : { status: 401, headers: { 'WWW-Authenticate': 'Basic realm="x"' } };
    const { port } = await start({ tls, answers: { '/snapshot.jpg': snapshot } });
    const connection = await open(port, { secure: true, certificate: pin });
    expect(String(await connection.get('https://x/snapshot.jpg'))).toBe('picture');
  });
});
