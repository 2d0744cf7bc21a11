import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.js';
import { OnvifConnection } from '../../lib/onvif/connection.js';
import { until } from '../peers/until.js';
import { askBare, connectBare } from '../simulators/bare-onvif.js';
import {
  information,
  type ScriptedCamera,
  type ScriptedOptions,
  scriptedCamera,
  services,
} from '../simulators/scripted-camera.js';

const signal = new AbortController().signal;

let camera: ScriptedCamera | undefined;
afterEach(async () => await camera?.close());

async function start(answers: ScriptedOptions['answers']): Promise<number> {
  camera = await scriptedCamera({ answers });
  return camera.port;
}

function open(port: number): Promise<OnvifConnection> {
  return OnvifConnection.open({ host: '127.0.0.1', port }, { clock: systemClock, signal });
}

describe('hostile XML', () => {
  const wrapped = (inside: string) => ({ body: `<?xml version="1.0"?>${inside}` });
  const bomb = wrapped(
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;">]>' +
      '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><x>&c;</x></s:Body></s:Envelope>',
  );

  it('a DOCTYPE and an entity bomb are refused by name', async () => {
    await expect(open(await start({ GetSystemDateAndTime: bomb }))).rejects.toMatchObject({
      code: 'xml-invalid',
      message: expect.stringContaining('DOCTYPE'),
    });
  });

  it('deep nesting costs the package a second and a stack, and us nothing', async () => {
    const deep = wrapped(`<s:Envelope><s:Body>${'<a>'.repeat(200_000)}`);
    const port = await start({ GetSystemDateAndTime: deep });
    const { outcome } = await connectBare(port, {}, 20_000);
    expect(outcome).toBeInstanceOf(Error);
    const began = performance.now();
    await expect(open(port)).rejects.toMatchObject({ code: 'xml-invalid', message: expect.stringContaining('deeper') });
    // Milliseconds; only a machine that stands still needs more.
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  it('__proto__ is a name like any other', async () => {
    const GetDeviceInformation = information({ __proto__x: 'y' }).replaceAll('__proto__x', '__proto__');
    const connection = await open(await start({ GetDeviceInformation }));
    expect((await connection.identity()).manufacturer).toBe('Acme');
    expect(({} as Record<string, unknown>).y).toBeUndefined();
    expect(Object.prototype).not.toHaveProperty('x');
  });
});

describe('what is no SOAP', () => {
  it.each([
    ['a page', { body: '<html><body>Hello</body></html>' }, 'not-onvif'],
    ['nothing', { body: '' }, 'not-onvif'],
    ['a page that is not found', { status: 404, body: 'Not Found' }, 'not-onvif'],
    ['a redirect', { status: 302, headers: { Location: 'https://evil.example/' } }, 'not-onvif'],
    ['a page of refusal', { status: 401, body: '<!DOCTYPE html><title>Unauthorized</title>' }, 'sign-in-refused'],
    ['a busy server', { status: 503, body: 'Busy' }, 'http-status'],
    ['half an envelope', { body: '<s:Envelope xmlns:s="x"><s:Body><a>' }, 'xml-invalid'],
    ['an empty envelope', { body: '<s:Envelope xmlns:s="x"><s:Body/></s:Envelope>' }, 'not-onvif'],
    ['something else’s envelope', '<other/>', 'not-onvif'],
  ])('%s is told apart', async (_, GetSystemDateAndTime, code) => {
    await expect(open(await start({ GetSystemDateAndTime }))).rejects.toMatchObject({ code });
  });

  it('faults keep their code, of both versions of SOAP', async () => {
    const old =
      '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:Client</faultcode>' +
      '<faultstring>No such thing</faultstring></s:Fault></s:Body></s:Envelope>';
    const port = await start({ GetNothing: { status: 500, body: old } });
    const connection = await open(port);
    const call = connection.call({ service: 'device', body: '<GetNothing xmlns="urn:x"/>' });
    await expect(call).rejects.toMatchObject({ code: 'soap-fault', kind: 'permanent', subcode: 'Client' });
    const missing = connection.call({ service: 'device', body: '<GetOther xmlns="urn:x"/>' });
    await expect(missing).rejects.toMatchObject({
      kind: 'transient',
      subcode: 'ActionNotSupported',
      hint: 'ActionNotSupported',
    });
  });
});

describe('what the package guesses', () => {
  const GetDeviceInformation = information({
    FirmwareVersion: '5.40',
    Model: '7.10',
    SerialNumber: '12345678901234567890',
    HardwareId: 'true',
  });

  it('is numbers and booleans from text', async () => {
    const { cam } = await connectBare(await start({ GetDeviceInformation }));
    expect(await askBare(cam, 'getDeviceInformation')).toMatchObject({
      firmwareVersion: 5.4,
      model: 7.1,
      serialNumber: 12345678901234567000,
      hardwareId: true,
    });
  });

  it('is text to us', async () => {
    expect(await (await open(await start({ GetDeviceInformation }))).identity()).toMatchObject({
      firmware: '5.40',
      model: '7.10',
      serial: '12345678901234567890',
      hardwareId: 'true',
    });
  });
});

describe('the package’s ways of calling back', () => {
  it('run a callback that throws a second time', async () => {
    const port = await start({});
    const { cam } = await connectBare(port);
    let runs = 0;
    (cam as unknown as { getDeviceInformation(done: () => void): void }).getDeviceInformation(() => {
      runs++;
      if (runs === 1) throw new Error('ours');
    });
    await until('the second run', () => runs > 1);
    // Ours are promises; what throws after them is thrown once, where it is.
    let after = 0;
    await expect(
      open(port).then(() => {
        after++;
        throw new Error('ours');
      }),
    ).rejects.toThrow('ours');
    await delay(50);
    expect(after).toBe(1);
  });

  it('post to a path that is no service', async () => {
    const port = await start({});
    const { cam } = await connectBare(port);
    // `POST imaging HTTP/1.1`, which is no request at all.
    await expect(askBare(cam, 'getImagingSettings', { token: 'x' })).rejects.toThrow(/Wrong ONVIF SOAP response/);
    const before = camera!.asked.length;
    const call = (await open(port)).call({ service: 'imaging', body: '<x xmlns="urn:x"/>' });
    await expect(call).rejects.toMatchObject({ code: 'service-missing' });
    expect(camera!.operations().slice(before)).not.toContain('x');
  });

  it('read recordings from an element that is not there', async () => {
    const search = { 'http://www.onvif.org/ver10/search/wsdl': 'http://127.0.0.1/onvif/search' };
    const answer =
      '<tse:GetRecordingInformationResponse xmlns:tse="http://www.onvif.org/ver10/search/wsdl"><tse:RecordingInformation>' +
      '<tt:RecordingToken>r1</tt:RecordingToken></tse:RecordingInformation></tse:GetRecordingInformationResponse>';
    const port = await start({ GetServices: services('http://127.0.0.1', search), GetRecordingInformation: answer });
    const { cam } = await connectBare(port);
    const thrown = new Promise<string>((resolve) =>
      process.once('uncaughtException', (error) => resolve(error.message)),
    );
    const asked = askBare(cam, 'getRecordingInformation', { RecordingToken: 'r1' }).catch(
      (error: Error) => error.message,
    );
    expect(await Promise.race([thrown, asked])).toMatch(/summary|undefined/);
    const body =
      '<GetRecordingInformation xmlns="http://www.onvif.org/ver10/search/wsdl"><RecordingToken>r1</RecordingToken></GetRecordingInformation>';
    const reply = await (await open(port)).call({ service: 'search', body });
    expect(JSON.stringify(reply)).toContain('r1');
  });

  it('lack the camera in the promise version, whatever its types say', async () => {
    const { Cam } = (await import('onvif/promises/index.js')) as unknown as {
      Cam: new (options: object) => Record<string, unknown>;
    };
    expect(new Cam({ hostname: 'x' })._cam).toBeUndefined();
  });
});
