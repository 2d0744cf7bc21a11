import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { systemClock } from '../../lib/clock.js';
import { Failure } from '../../lib/errors.js';
import { OnvifConnection } from '../../lib/onvif/connection.js';
import { DiscoveryListener } from '../../lib/onvif/discovery-listener.js';
import { chooseStreams, streams } from '../../lib/onvif/media.js';
import { readPulled } from '../../lib/onvif/notifications.js';
import { motionSignals } from '../../lib/onvif/topics.js';
import type { XmlElement } from '../../lib/onvif/xml.js';
import {
  type Answer,
  type Asked,
  type Script,
  scriptedCamera,
  services,
  standard,
} from '../simulators/scripted-camera.js';
import { discoveryEnvelope, match, matches } from '../simulators/scripted-discovery.js';
import { envelope } from '../simulators/scripted-soap.js';
import { mutate, numbers } from './mutate.js';

export interface FuzzReport {
  /** Replies and datagrams that were damaged, and what came of each session and datagram. */
  replies: number;
  packets: number;
  outcomes: Record<string, number>;
  /** The slowest of all, milliseconds. */
  slowestMs: { session: number; packet: number };
  heapGrowthBytes: number;
  violations: string[];
}

const SESSION_MS = 1_500;
/** A session that is slower hangs: it has a deadline for each of its steps. */
const HANG_MS = 30_000;
const PACKET_HANG_MS = 5_000;
const HEAP_GROWTH_BYTES = 16 * 1024 * 1024;

const MEDIA2 = { 'http://www.onvif.org/ver20/media/wsdl': 'http://127.0.0.1/onvif/media2' };

/** `size` damaged SOAP replies to the whole of the adapter, and as many damaged datagrams: no crash, no hang, no growth. */
export async function onvifFuzz(
  size: number,
  seed = 1,
  log: (line: string) => void = () => undefined,
): Promise<FuzzReport> {
  const report: FuzzReport = {
    ...{
      replies: 0,
      packets: 0,
      outcomes: {},
      slowestMs: { session: 0, packet: 0 },
      heapGrowthBytes: 0,
      violations: [],
    },
  };
  const escaped = (error: unknown) =>
    void report.violations.push(`thrown where nobody could catch it: ${String(error)}`);
  process.on('uncaughtException', escaped);
  process.on('unhandledRejection', escaped);
  try {
    await fuzzReplies(size, seed, report, log);
    fuzzDatagrams(size, seed, report);
  } finally {
    process.off('uncaughtException', escaped);
    process.off('unhandledRejection', escaped);
  }
  if (report.heapGrowthBytes > HEAP_GROWTH_BYTES)
    report.violations.push(`the heap grew by ${report.heapGrowthBytes} bytes`);
  return report;
}

async function fuzzReplies(size: number, seed: number, report: FuzzReport, log: (line: string) => void): Promise<void> {
  const random = numbers(seed);
  const camera = await scriptedCamera({ answers: damagedAnswers(random, () => report.replies++) });
  let settled: number | undefined;
  for (let session = 0; report.replies < size; session++) {
    const before = report.replies;
    const outcome = await timed(HANG_MS, () => wholeSession(camera.port));
    report.slowestMs.session = Math.max(report.slowestMs.session, outcome.tookMs);
    count(report, `session ${outcome.name}`);
    if (outcome.violation)
      report.violations.push(`seed ${seed}, session ${session} (reply ${before}): ${outcome.violation}`);
    camera.asked.length = 0;
    // What is loaded and cached once is no growth.
    if (settled === undefined && report.replies > size / 5) settled = heapBytes();
    if (session % 500 === 499) log(`${report.replies} of ${size} replies`);
  }
  report.heapGrowthBytes = Math.max(0, heapBytes() - settled!);
  await camera.close();
}

/** Opens, and asks for all that the adapter reads. */
async function wholeSession(port: number): Promise<string> {
  const signal = new AbortController().signal;
  const target = { host: '127.0.0.1', port, username: 'admin', password: 'secret' };
  const within = { deadlineMs: SESSION_MS };
  const connection = await OnvifConnection.open(target, { clock: systemClock, signal, ...within });
  const identity = await connection.identity(within);
  for (const text of Object.values(identity)) {
    if (text !== undefined && typeof text !== 'string') throw new TypeError(`${typeof text} in an identity`);
  }
  await connection.clock(within);
  const { main } = chooseStreams(await streams(connection, within));
  for (const uri of [main?.uri, main?.snapshotUri]) {
    if (uri !== undefined && new URL(uri).hostname !== '127.0.0.1') throw new TypeError(`led to ${uri}`);
  }
  if (connection.has('events')) readEvents(await connection.call({ service: 'events', body: PULL, ...within }));
  if (main?.snapshotUri) await connection.get(main.snapshotUri, { ...within, maxBytes: 65_536 });
  return 'complete';
}

const PULL = '<PullMessages xmlns="http://www.onvif.org/ver10/events/wsdl"><Timeout>PT1S</Timeout></PullMessages>';

const PULLED =
  '<tev:PullMessagesResponse xmlns:tev="http://www.onvif.org/ver10/events/wsdl" xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2" xmlns:tns1="http://www.onvif.org/ver10/topics">' +
  '<tev:CurrentTime>2026-05-03T12:00:00Z</tev:CurrentTime><tev:TerminationTime>2026-05-03T12:10:00Z</tev:TerminationTime>' +
  '<wsnt:NotificationMessage><wsnt:Topic Dialect="x">tns1:RuleEngine/CellMotionDetector/Motion</wsnt:Topic><wsnt:Message>' +
  '<tt:Message UtcTime="2026-05-03T11:59:59Z" PropertyOperation="Changed"><tt:Source><tt:SimpleItem Name="Rule" Value="1"/></tt:Source>' +
  '<tt:Data><tt:SimpleItem Name="IsMotion" Value="true"/></tt:Data></tt:Message></wsnt:Message></wsnt:NotificationMessage></tev:PullMessagesResponse>';

function readEvents(reply: XmlElement): void {
  for (const signal of readPulled(reply).notifications.flatMap(motionSignals)) {
    if (typeof signal.active !== 'boolean') throw new TypeError('motion that neither is nor is not');
  }
}

/** Each third reply is damaged, so that some sessions come far; in its body, its status, its head, or its end. */
function damagedAnswers(random: (below: number) => number, damaged: () => void): Record<string, Script> {
  const good = {
    ...standard('http://127.0.0.1', Date.now()),
    GetServices: services('http://127.0.0.1', MEDIA2),
    PullMessages: PULLED,
    GetScopes:
      '<tds:GetScopesResponse><tds:Scopes><tt:ScopeItem>onvif://www.onvif.org/name/Gate%20A</tt:ScopeItem></tds:Scopes></tds:GetScopesResponse>',
    GetNetworkInterfaces:
      '<tds:GetNetworkInterfacesResponse><tds:NetworkInterfaces token="eth0"><tt:Info><tt:HwAddress>02:00:00:00:00:01</tt:HwAddress></tt:Info></tds:NetworkInterfaces></tds:GetNetworkInterfacesResponse>',
  };
  const answers: Record<string, Script> = { '/snapshot.jpg': { body: 'picture' } };
  for (const [operation, body] of Object.entries(good)) answers[operation] = body;
  const harmed = Object.entries(answers).map(([name, script]): [string, Script] => [
    name,
    (asked, response) => {
      if (random(3) > 0) return script;
      damaged();
      const text = typeof script === 'string' ? envelope(script) : 'picture';
      const harm = random(10);
      // Each costs a whole deadline, so there are few: it is heard, and never answered.
      if (harm === 2 && random(20) === 0) return undefined;
      if (harm === 0) {
        response.destroy();
        return undefined;
      }
      return harm === 1 ? challenging(random, asked) : { ...oddHead(random), body: mutate(text, random) };
    },
  ]);
  return Object.fromEntries(harmed);
}

function oddHead(random: (below: number) => number): Answer {
  const statuses = [200, 200, 200, 200, 201, 204, 302, 400, 401, 403, 404, 500, 503, 599];
  const types = [
    'application/soap+xml',
    'text/html',
    'image/jpeg',
    'multipart/x; boundary=y',
    'application/soap+xml; charset=latin1',
  ];
  const headers: Answer['headers'] = { 'Content-Type': types[random(types.length)] };
  if (random(12) === 0) headers['Content-Length'] = random(5_000_000);
  if (random(12) === 0) headers['Content-Encoding'] = 'gzip';
  if (random(12) === 0) headers.Location = 'http://169.254.169.254/';
  return { status: statuses[random(statuses.length)], headers };
}

/** A request to sign in by HTTP that nobody should answer, or can. */
function challenging(random: (below: number) => number, _asked: Asked): Answer {
  const line =
    'Digest realm="IP Camera", nonce="abc", qop="auth,auth-int", algorithm=SHA-256, opaque="x", Basic realm="y"';
  const odd = mutate(line, random)
    .toString('latin1')
    .replace(/[^\x20-\x7e]/g, '')
    .slice(0, 8_000);
  return { status: 401, headers: { 'WWW-Authenticate': [odd, line].slice(random(2)) }, body: '' };
}

function fuzzDatagrams(size: number, seed: number, report: FuzzReport): void {
  const random = numbers(seed + 1);
  const device = { uuid: 'urn:uuid:11111111-1111-4111-8111-111111111111', types: 'dn:NetworkVideoTransmitter' };
  const part = match({
    ...device,
    scopes: 'onvif://www.onvif.org/name/Gate%20A onvif://www.onvif.org/mac/02:00:00:00:00:01',
    xaddrs: 'http://192.0.2.1:8000/onvif/device_service http://[fe80::1]/x',
  });
  const seeds = [matches([part]), matches([part, part]), discoveryEnvelope(part.replaceAll('ProbeMatch', 'Hello'))];
  let listener = new DiscoveryListener();
  for (let packet = 0; packet < size; packet++) {
    const bytes = mutate(seeds[random(seeds.length)]!.replace('{id}', listener.newProbe()), random);
    const began = performance.now();
    try {
      listener.message(bytes, { address: `10.0.${random(4)}.${random(256)}` });
    } catch (error) {
      report.violations.push(`seed ${seed}, packet ${packet}: ${String(error)}`);
    }
    const tookMs = performance.now() - began;
    report.slowestMs.packet = Math.max(report.slowestMs.packet, Math.round(tookMs));
    if (tookMs > PACKET_HANG_MS) report.violations.push(`seed ${seed}, packet ${packet} took ${Math.round(tookMs)} ms`);
    report.packets++;
    if (packet % 1_000 === 999 || packet === size - 1) listener = drained(listener, report, packet);
  }
}

/** Whatever was taken in, it leads to nobody but those who sent it: the same device may be heard through several networks. */
function drained(listener: DiscoveryListener, report: FuzzReport, packet: number): DiscoveryListener {
  for (const { from, addresses } of listener.gathering.devices(new Map())) {
    const stray = addresses.find(({ host }) => !/^10\.0\.[0-3]\.\d+$/.test(host));
    if (stray) report.violations.push(`by packet ${packet}: ${from} led to ${stray.host}`);
  }
  for (let known = listener.gathering.size; known > 0; known--) count(report, 'device heard');
  for (let bad = listener.malformed; bad > 0; bad--) count(report, 'packet malformed');
  return new DiscoveryListener();
}

async function timed(
  limitMs: number,
  work: () => Promise<string>,
): Promise<{ name: string; tookMs: number; violation?: string }> {
  const began = performance.now();
  const took = () => Math.round(performance.now() - began);
  const hang = new AbortController();
  const late = systemClock.sleep(limitMs, hang.signal).then(() => 'hang');
  try {
    const name = await Promise.race([work(), late]);
    return name === 'hang'
      ? { name, tookMs: took(), violation: `still running after ${limitMs} ms` }
      : { name, tookMs: took() };
  } catch (error) {
    if (error instanceof Failure) return { name: error.code, tookMs: took() };
    return { name: 'crash', tookMs: took(), violation: error instanceof Error ? String(error.stack) : String(error) };
  } finally {
    hang.abort();
  }
}

function count({ outcomes }: FuzzReport, name: string): void {
  outcomes[name] = (outcomes[name] ?? 0) + 1;
}

/** What is really in use: garbage is collected first. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}
