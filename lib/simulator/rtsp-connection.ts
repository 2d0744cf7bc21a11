import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Clock } from '../clock.js';
import type { Conduct } from './conduct.js';
import { type Account, authorised, challenge } from './digest.js';
import type { Feed } from './feed.js';
import { Playback } from './playback.js';
import { formatReply, RtspReader, type RtspReply, type RtspRequest } from './rtsp-message.js';
import { CONTROL, describeClip, type TrackName } from './sdp.js';

export interface RtspOptions {
  name: string;
  account: Account;
  /** Streams by path: `/stream1`. */
  feeds: ReadonlyMap<string, Feed>;
  clock: Clock;
  /** The monotonic moment at which the scene was at its beginning. */
  epochMs: number;
  conduct: Conduct;
  /** Offer `qop="auth"` in the Digest challenge. Default false, as most firmware. */
  qop?: boolean;
  /** A client with more than this unread is dropped. Default 4 MiB. */
  maxBacklogBytes?: number;
}

const METHODS = 'OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN';

/** One client: its requests, its one session. Ends when either side closes, or when the client is too slow. */
export class RtspConnection {
  readonly #options: RtspOptions;
  readonly #socket: Socket;
  readonly #reader = new RtspReader();
  readonly #nonce = randomBytes(16).toString('hex');
  readonly #session = randomBytes(8).toString('hex');
  readonly #stop = new AbortController();
  #playback: { path: string; playback: Playback; running?: Promise<void> } | undefined;

  constructor(socket: Socket, options: RtspOptions) {
    this.#socket = socket;
    this.#options = options;
  }

  /** Resolves when the connection is closed and nothing plays any more. */
  async run(): Promise<void> {
    const socket = this.#socket;
    socket.setNoDelay(true);
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    // What went wrong with a client's connection is the client's to say; for us it has ended.
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => this.#take(chunk));
    await closed;
    this.#stop.abort();
    await this.#playback?.running;
  }

  close(): void {
    this.#socket.destroy();
  }

  get isPlaying(): boolean {
    return this.#playback?.running !== undefined;
  }

  #take(chunk: Buffer): void {
    try {
      for (const request of this.#reader.push(chunk)) this.#send(this.#answer(request), request);
    } catch {
      // Not RTSP: there is no telling where the next request would begin.
      this.#send({ status: 400 });
      this.#socket.end();
    }
  }

  #send(reply: RtspReply, request?: RtspRequest): void {
    if (this.#options.conduct.fault === 'silent') return;
    this.#socket.write(formatReply(reply, request?.headers.get('cseq')));
    if (request?.method === 'TEARDOWN' && reply.status === 200) this.#socket.end();
    if (request?.method === 'PLAY' && reply.status === 200) this.#play();
  }

  #answer(request: RtspRequest): RtspReply {
    if (request.method === 'OPTIONS') return { status: 200, headers: { Public: METHODS } };
    if (!this.#isAuthorised(request)) return this.#refuse();
    const { path, track } = this.#target(request.uri);
    const feed = this.#options.feeds.get(path);
    if (!feed) return { status: 404 };
    switch (request.method) {
      case 'DESCRIBE':
        return this.#describe(request, path, feed);
      case 'SETUP':
        return this.#setUp(request, path, feed, track);
      case 'PLAY':
        return this.#inSession(request, path, () => this.#beginPlay(request));
      case 'GET_PARAMETER':
        return { status: 200, headers: { Session: this.#session } };
      case 'TEARDOWN':
        return this.#inSession(request, path, () => ({ status: 200 }));
      default:
        return { status: 501, headers: { Public: METHODS } };
    }
  }

  #isAuthorised(request: RtspRequest): boolean {
    const { name, account, conduct } = this.#options;
    if (conduct.fault === 'sign-in-refused') return false;
    return authorised(request.headers.get('authorization'), request, name, this.#nonce, account);
  }

  #refuse(): RtspReply {
    const { name, qop = false } = this.#options;
    return { status: 401, headers: { 'WWW-Authenticate': challenge(name, this.#nonce, qop) } };
  }

  #target(uri: string): { path: string; track: TrackName | undefined } {
    const path = URL.canParse(uri) ? new URL(uri).pathname.replace(/\/$/, '') : uri;
    const track = (Object.keys(CONTROL) as TrackName[]).find((name) => path.endsWith(`/${CONTROL[name]}`));
    return { path: track ? path.slice(0, -CONTROL[track].length - 1) : path, track };
  }

  #describe({ uri }: RtspRequest, path: string, feed: Feed): RtspReply {
    const base = `${uri.slice(0, uri.indexOf(path) + path.length)}/`;
    const headers = { 'Content-Base': base, 'Content-Type': 'application/sdp' };
    return { status: 200, headers, body: describeClip(feed.clip, this.#options.name) };
  }

  #setUp({ headers }: RtspRequest, path: string, feed: Feed, track: TrackName | undefined): RtspReply {
    const session = this.#playback;
    if (!track) return { status: 404 };
    if (session?.running || (session && session.path !== path)) return { status: 455 };
    const channels = /^RTP\/AVP\/TCP\b.*\binterleaved=(\d+)-(\d+)/.exec(headers.get('transport') ?? '');
    const [low, high] = [Number(channels?.[1]), Number(channels?.[2])];
    // Only over this connection: cameras behind NAT and lossy radio are recorded over TCP.
    if (!channels || high !== low + 1 || high > 255) return { status: 461 };
    this.#playback ??= { path, playback: this.#newPlayback(feed) };
    this.#playback.playback.setUp(track, low);
    const transport = `RTP/AVP/TCP;unicast;interleaved=${low}-${high}`;
    return { status: 200, headers: { Transport: transport, Session: `${this.#session};timeout=60` } };
  }

  #newPlayback(feed: Feed): Playback {
    const { clock, epochMs, conduct, maxBacklogBytes = 4 * 2 ** 20 } = this.#options;
    const write = (bytes: Buffer): boolean => {
      if (this.#socket.destroyed) return false;
      this.#socket.write(bytes);
      if (this.#socket.writableLength <= maxBacklogBytes) return true;
      this.#socket.destroy();
      return false;
    };
    return new Playback({ feed, clock, epochMs, conduct, write });
  }

  #inSession({ headers }: RtspRequest, path: string, answer: () => RtspReply): RtspReply {
    const named = headers.get('session')?.split(';')[0];
    if (!this.#playback || named !== this.#session || this.#playback.path !== path) return { status: 454 };
    return answer();
  }

  #beginPlay({ uri }: RtspRequest): RtspReply {
    const { playback, running } = this.#playback!;
    const headers = { Session: this.#session, Range: 'npt=now-' };
    // Some clients repeat PLAY to keep the session alive.
    if (running) return { status: 200, headers };
    const base = uri.replace(/\/$/, '');
    const info = [...playback.begin()].map(([track, values]) => `url=${base}/${CONTROL[track]};${values}`);
    return { status: 200, headers: { ...headers, 'RTP-Info': info.join(',') } };
  }

  #play(): void {
    const session = this.#playback!;
    session.running ??= session.playback.run(this.#stop.signal);
  }
}
