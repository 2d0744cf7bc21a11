import { createServer, type IncomingHttpHeaders, type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Server } from 'node:net';
import { closeListener, openListener } from '../../lib/simulator/listener.js';
import { envelope, fault, isSigned, operationIn } from './scripted-soap.js';

/** One request as it arrived. */
export interface Asked {
  method: string;
  path: string;
  /** Empty where it is no SOAP. */
  operation: string;
  body: string;
  headers: IncomingHttpHeaders;
}

export interface Answer {
  status?: number;
  headers?: OutgoingHttpHeaders;
  body?: string | Buffer;
}

/** Text is the inside of an envelope; a function writes what it likes, or nothing at all. */
export type Script = string | Answer | ((asked: Asked, response: ServerResponse) => Script | undefined);

export interface ScriptedOptions {
  /** By operation, or by path for what is no SOAP; over {@link STANDARD}. */
  answers?: Record<string, Script>;
  /** Where its services are, as it says: default where it is. */
  address?: string;
  /** Check UsernameTokens by this account, at this time; default: everybody is welcome. */
  account?: { username: string; password: string };
  now?: () => number;
  /** Operations that need no sign-in, beside `GetSystemDateAndTime`. */
  open?: readonly string[];
  /** Default any free one. */
  port?: number;
  tls?: { key: Buffer; cert: Buffer };
}

export interface ScriptedCamera {
  port: number;
  asked: Asked[];
  operations(): string[];
  close(): Promise<void>;
}

/** A camera that answers to the letter what a test says, so that any misbehaviour can be had. */
export async function scriptedCamera(options: ScriptedOptions = {}): Promise<ScriptedCamera> {
  const { answers = {}, account, now = Date.now, tls, open = [] } = options;
  const asked: Asked[] = [];
  let address = options.address ?? '';
  const handler = (one: Asked, response: ServerResponse): void => {
    asked.push(one);
    const isOpen = ['GetSystemDateAndTime', '', ...open].includes(one.operation);
    if (account && !isOpen && !isSigned(one.body, account, now())) {
      send(response, { status: 400, body: fault('Sender', 'NotAuthorized', 'Sender not authorized') });
      return;
    }
    const known = answers[one.operation] ?? answers[one.path] ?? standard(address, now())[one.operation];
    give(known ?? { status: 400, body: fault('Receiver', 'ActionNotSupported', 'Not implemented') }, one, response);
  };
  const server = tls ? createTlsServer(tls) : createServer();
  server.on('request', (request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request;
      handler({ method, path, operation: operationIn(body), body, headers }, response);
    });
    request.on('error', () => undefined);
  });
  const port = await openListener(server as Server, '127.0.0.1', options.port ?? 0);
  address ||= `${tls ? 'https' : 'http'}://127.0.0.1:${port}`;
  const close = async () => {
    const closed = closeListener(server as Server);
    server.closeAllConnections();
    await closed;
  };
  return { port, asked, operations: () => asked.map(({ operation, path }) => operation || path), close };
}

function give(script: Script, asked: Asked, response: ServerResponse): void {
  if (typeof script === 'function') {
    const next = script(asked, response);
    if (next !== undefined) give(next, asked, response);
  } else if (typeof script === 'string') send(response, { body: envelope(script) });
  else send(response, script);
}

function send(response: ServerResponse, { status = 200, headers = {}, body = '' }: Answer): void {
  const type = { 'Content-Type': 'application/soap+xml; charset=utf-8' };
  response.writeHead(status, { ...type, 'Content-Length': Buffer.byteLength(body), ...headers }).end(body);
}

/** What a dutiful camera answers, by operation. */
export function standard(address: string, now: number): Record<string, string> {
  return {
    GetSystemDateAndTime: dateAndTime(now),
    GetServices: services(address),
    GetDeviceInformation: information({}),
    GetProfiles: profiles(profile('main', 1920, 1080), profile('sub', 640, 360)),
    GetVideoSources: '<trt:GetVideoSourcesResponse><trt:VideoSources token="source"/></trt:GetVideoSourcesResponse>',
    GetStreamUri: uri('GetStreamUriResponse', 'rtsp://127.0.0.1:554/stream'),
    GetSnapshotUri: uri('GetSnapshotUriResponse', `${address}/snapshot.jpg`),
  };
}

export function dateAndTime(now: number): string {
  const time = new Date(now);
  return (
    '<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>Manual</tt:DateTimeType><tt:UTCDateTime>' +
    `<tt:Time><tt:Hour>${time.getUTCHours()}</tt:Hour><tt:Minute>${time.getUTCMinutes()}</tt:Minute><tt:Second>${time.getUTCSeconds()}</tt:Second></tt:Time>` +
    `<tt:Date><tt:Year>${time.getUTCFullYear()}</tt:Year><tt:Month>${time.getUTCMonth() + 1}</tt:Month><tt:Day>${time.getUTCDate()}</tt:Day></tt:Date>` +
    '</tt:UTCDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>'
  );
}

const VERSION = '<tds:Version><tt:Major>2</tt:Major><tt:Minor>0</tt:Minor></tds:Version>';

/** Device, media and events, at paths of their own; `more` adds services by namespace. */
export function services(address: string, more: Record<string, string> = {}): string {
  const all = {
    'http://www.onvif.org/ver10/device/wsdl': `${address}/onvif/device_service`,
    'http://www.onvif.org/ver10/media/wsdl': `${address}/onvif/media`,
    'http://www.onvif.org/ver10/events/wsdl': `${address}/onvif/events`,
    ...more,
  };
  const list = Object.entries(all).map(
    ([namespace, xaddr]) =>
      `<tds:Service><tds:Namespace>${namespace}</tds:Namespace><tds:XAddr>${xaddr}</tds:XAddr>${VERSION}</tds:Service>`,
  );
  return `<tds:GetServicesResponse>${list.join('')}</tds:GetServicesResponse>`;
}

export function information(changed: Record<string, string>): string {
  const all = {
    Manufacturer: 'Acme',
    Model: 'Cam',
    FirmwareVersion: '1.2.3',
    SerialNumber: 'A1',
    HardwareId: 'H1',
    ...changed,
  };
  const fields = Object.entries(all).map(([name, value]) => `<tds:${name}>${value}</tds:${name}>`);
  return `<tds:GetDeviceInformationResponse>${fields.join('')}</tds:GetDeviceInformationResponse>`;
}

export function profiles(...all: string[]): string {
  return `<trt:GetProfilesResponse>${all.join('')}</trt:GetProfilesResponse>`;
}

export function profile(token: string, width: number, height: number, codec = 'H264', source = 'source'): string {
  return (
    `<trt:Profiles token="${token}"><tt:Name>${token}</tt:Name>${videoSource(source)}` +
    `<tt:VideoEncoderConfiguration token="e-${token}"><tt:Encoding>${codec}</tt:Encoding>` +
    `<tt:Resolution><tt:Width>${width}</tt:Width><tt:Height>${height}</tt:Height></tt:Resolution>` +
    '<tt:RateControl><tt:FrameRateLimit>25</tt:FrameRateLimit><tt:BitrateLimit>4096</tt:BitrateLimit></tt:RateControl>' +
    `<tt:${codec}><tt:GovLength>50</tt:GovLength><tt:H264Profile>High</tt:H264Profile></tt:${codec}></tt:VideoEncoderConfiguration></trt:Profiles>`
  );
}

export function videoSource(source: string): string {
  return `<tt:VideoSourceConfiguration token="v-${source}"><tt:SourceToken>${source}</tt:SourceToken></tt:VideoSourceConfiguration>`;
}

export function uri(response: string, address: string): string {
  return `<trt:${response}><trt:MediaUri><tt:Uri>${address}</tt:Uri></trt:MediaUri></trt:${response}>`;
}
