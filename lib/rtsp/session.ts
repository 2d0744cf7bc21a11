import { isIP } from 'node:net';
import type { Clock } from '../clock.js';
import type { RtspConnection } from './connection.js';
import { streamEnded, transportRefused } from './failures.js';
import { parseSdp } from './sdp.js';
import { chooseTracks, type Track } from './tracks.js';
import type { UdpServer } from './udp-ports.js';
import { baseUrl, controlUrl } from './url.js';

/** Sessions end after 60 s without a sign of life unless the server says otherwise (RFC 2326 §12.37). */
const SESSION_S = 60;
const MOST_KEEPALIVE_MS = 30_000;
const LEAST_KEEPALIVE_MS = 1_000;

/** How long a camera may take to say goodbye. */
const TEARDOWN_MS = 500;

/** UTC milliseconds by the camera's clock. */
export interface ReplayRange {
  fromMs: number;
  toMs: number;
}

/** The requests of one RTSP session, from OPTIONS to TEARDOWN, in the order cameras expect. All reject as the connection does. */
export class RtspSession {
  readonly #connection: RtspConnection;
  readonly #clock: Clock;
  readonly #url: string;
  /** What the addresses of tracks are relative to, and the address of the session as a whole. */
  #base: string;
  #whole: string;
  #keepAlive = 'GET_PARAMETER';
  #keepAliveMs = keepAliveMs(SESSION_S);

  constructor(connection: RtspConnection, url: string, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
    this.#url = this.#base = this.#whole = url;
  }

  /** Of what is recorded in the camera, instead of what it sees now (ONVIF Streaming §6). */
  replay: ReplayRange | undefined;

  /** Resolves with the tracks to record, pictures first. Throws `UnsupportedStream` if there are none we take. */
  async describe(audio: boolean): Promise<Track[]> {
    const options = await this.#connection.request('OPTIONS', this.#url);
    const methods = options.headers.get('public')?.join(',') ?? this.#keepAlive;
    if (!/\bGET_PARAMETER\b/i.test(methods)) this.#keepAlive = 'OPTIONS';
    const described = await this.#connection.request('DESCRIBE', this.#url, { Accept: 'application/sdp' });
    const description = parseSdp(described.body);
    this.#base = baseUrl(this.#url, described.headers);
    this.#whole = controlUrl(this.#base, description.control);
    return chooseTracks(description, audio);
  }

  /** Resolves with the channel the track's packets will come on; its reports come on the next. */
  async setUp(track: Track, channel: number): Promise<number> {
    const { status, transport } = await this.#setUp(track, `RTP/AVP/TCP;unicast;interleaved=${channel}-${channel + 1}`);
    // Over UDP or multicast only.
    if (status === 461 || (transport && !/TCP/i.test(transport))) {
      throw transportRefused('tcp');
    }
    return Number(/interleaved=(\d+)/i.exec(transport)?.[1] ?? channel);
  }

  /** As {@link setUp}, over UDP to our `ports` (`50000-50001`); resolves with where the camera sends from. */
  async setUpUdp(track: Track, ports: string): Promise<UdpServer> {
    const { status, transport } = await this.#setUp(track, `RTP/AVP;unicast;client_port=${ports}`);
    if (status === 461 || /TCP|multicast/i.test(transport)) {
      throw transportRefused('udp');
    }
    const [, rtp, rtcp] = /server_port=(\d+)(?:-(\d+))?/i.exec(transport) ?? [];
    const source = /source=([0-9a-f.:]+)/i.exec(transport)?.[1];
    const port = (text: string | undefined) => (Number(text) > 0 && Number(text) < 65_536 ? Number(text) : undefined);
    return { rtp: port(rtp), rtcp: port(rtcp), source: source !== undefined && isIP(source) ? source : undefined };
  }

  async #setUp({ media }: Track, wanted: string): Promise<{ status: number; transport: string }> {
    const headers = { ...this.#required(), Transport: wanted };
    const reply = await this.#connection.request('SETUP', controlUrl(this.#base, media.control), headers, [200, 461]);
    const [id = '', ...rest] = (reply.headers.get('session')?.[0] ?? '').split(';');
    if (id.trim()) this.#connection.session = id.trim();
    const timeout = /timeout\s*=\s*(\d+)/i.exec(rest.join(';'))?.[1];
    if (timeout) this.#keepAliveMs = keepAliveMs(Number(timeout));
    return { status: reply.status!, transport: reply.headers.get('transport')?.[0] ?? '' };
  }

  /** Resolves with the timestamps the tracks begin with, in the order of SETUP; empty where the camera does not say. */
  async play(): Promise<number[]> {
    const reply = await this.#connection.request('PLAY', this.#whole, this.#range());
    const info = (reply.headers.get('rtp-info') ?? []).join(',');
    return [...info.matchAll(/rtptime\s*=\s*(\d+)/gi)].map(([, time]) => Number(time));
  }

  #required(): Record<string, string> {
    return this.replay ? { Require: 'onvif-replay' } : {};
  }

  #range(): Record<string, string> {
    if (!this.replay) return { Range: 'npt=0.000-' };
    const { fromMs, toMs } = this.replay;
    // As fast as we read: how fast that is, the sink says.
    return { ...this.#required(), Range: `clock=${clockOf(fromMs)}-${clockOf(toMs)}`, 'Rate-Control': 'no' };
  }

  /** Tells the server regularly that we are still here; resolves with the failure when it no longer knows us. */
  async stayAlive(signal: AbortSignal): Promise<unknown> {
    for (;;) {
      await this.#clock.sleep(this.#keepAliveMs, signal);
      if (signal.aborted) return undefined;
      // A refusal is an answer too, so we are known to be here; and while packets come, no answer is nothing to act on.
      const reply = await this.#connection.request(this.#keepAlive, this.#whole, {}, [200, 454]).catch(() => undefined);
      if (reply?.status === 454) return streamEnded('the camera closed the session');
    }
  }

  /** Whether it is refused or never answered: the connection will be closed in any case. */
  async tearDown(): Promise<void> {
    const done = new AbortController();
    const answered = this.#connection.request('TEARDOWN', this.#whole).catch(() => undefined);
    void answered.then(() => done.abort());
    await this.#clock.sleep(TEARDOWN_MS, done.signal);
  }
}

/** Twice as often as needed, so that one may be lost. */
function keepAliveMs(timeoutS: number): number {
  return Math.max(LEAST_KEEPALIVE_MS, Math.min(MOST_KEEPALIVE_MS, timeoutS * 500));
}

/** `20260503T021000.000Z` (RFC 2326 §3.7). */
function clockOf(ms: number): string {
  return new Date(Math.round(ms)).toISOString().replace(/[-:]/g, '');
}
