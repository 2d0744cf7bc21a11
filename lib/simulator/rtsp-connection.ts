import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Clock } from '../clock.js';
import type { Card } from './card.js';
import type { Conduct } from './conduct.js';
import { type Accounts, challenge, digestOwner } from './digest.js';
import type { Feed } from './feed.js';
import { Playback } from './playback.js';
import { Replay, readClockRange } from './replay.js';
import { formatReply, RtspReader, type RtspReply, type RtspRequest } from './rtsp-message.js';
import { CONTROL, describeClip, type TrackName } from './sdp.js';

/** One picture, with the sound that goes with it, as it was handed to the system for one client. */
export interface SentPicture {
  path: string;
  /** The TCP connection, as `/proc/net/tcp` has it too. */
  localPort: number;
  clientPort: number;
  /** In the feed, counted since the simulator started. */
  position: number;
  /** Bytes handed over on this connection so far, this picture's last one included. */
  endByte: number;
}

export interface RtspOptions {
  /** Names the session, and what one signs in to. */
  name: string;
  accounts: Accounts;
  /** Streams by path: `/stream1`, or `/cam?channel=1` where a query tells them apart. */
  feeds: ReadonlyMap<string, Feed>;
  /** What is recorded in the camera, and the path it is played from. */
  card?: { path: string; card: Card; feed(): Feed };
  clock: Clock;
  /** The monotonic moment at which the scene was at its beginning. */
  epochMs: number;
  conduct: Conduct;
  /** Offer `qop="auth"` in the Digest challenge. Default false, as most firmware. */
  qop?: boolean;
  /** A client with more than this unread is dropped. Default 4 MiB. */
  maxBacklogBytes?: number;
  /** Told of every picture sent. */
  onSent?: (picture: SentPicture) => void;
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
  #playback: { path: string; playback: Playback | Replay; running?: Promise<void> } | undefined;

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

  /** The stream it has set up. */
  get path(): string | undefined {
    return this.#playback?.path;
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
    const feed = path === undefined ? undefined : this.#feedAt(path);
    if (path === undefined || !feed) return { status: 404 };
    switch (request.method) {
      case 'DESCRIBE':
        return this.#describe(request, feed, path);
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
    const { name, accounts, conduct } = this.#options;
    if (conduct.fault === 'sign-in-refused') return false;
    return digestOwner(request.headers.get('authorization'), request, name, this.#nonce, accounts) !== undefined;
  }

  #refuse(): RtspReply {
    const { name, qop = false } = this.#options;
    return { status: 401, headers: { 'WWW-Authenticate': challenge(name, this.#nonce, qop) } };
  }

  /** The stream and track of an address. Parameters that the stream's own path has not are the client's business. */
  #target(uri: string): { path: string | undefined; track: TrackName | undefined } {
    const whole = uri.replace(/^rtsps?:\/\/[^/]*/i, '').replace(/\/$/, '');
    const track = (Object.keys(CONTROL) as TrackName[]).find((name) => whole.endsWith(`/${CONTROL[name]}`));
    const asked = new URL(track ? whole.slice(0, -CONTROL[track].length - 1) : whole, 'rtsp://camera');
    const { feeds, card } = this.#options;
    const path = [...feeds.keys(), ...(card ? [card.path] : [])].find((stream) => {
      const known = new URL(stream, 'rtsp://camera');
      const fits = [...known.searchParams].every(([name, value]) => asked.searchParams.get(name) === value);
      return fits && known.pathname === asked.pathname.replace(/\/$/, '');
    });
    return { path, track };
  }

  #feedAt(path: string): Feed | undefined {
    const { feeds, card } = this.#options;
    return path === card?.path ? card.feed() : feeds.get(path);
  }

  #describe({ uri }: RtspRequest, feed: Feed, path: string): RtspReply {
    const base = uri.replace(/\/?$/, '/');
    const headers = { 'Content-Base': base, 'Content-Type': 'application/sdp' };
    return {
      status: 200,
      headers,
      body: describeClip(feed.clip, this.#options.name, path !== this.#options.card?.path),
    };
  }

  #setUp({ headers }: RtspRequest, path: string, feed: Feed, track: TrackName | undefined): RtspReply {
    const session = this.#playback;
    if (!track) return { status: 404 };
    if (session?.running || (session && session.path !== path)) return { status: 455 };
    const channels = /^RTP\/AVP\/TCP\b.*\binterleaved=(\d+)-(\d+)/.exec(headers.get('transport') ?? '');
    const [low, high] = [Number(channels?.[1]), Number(channels?.[2])];
    // Only over this connection: cameras behind NAT and lossy radio are recorded over TCP.
    if (!channels || high !== low + 1 || high > 255) return { status: 461 };
    this.#playback ??= { path, playback: this.#newPlayback(path, feed) };
    this.#playback.playback.setUp(track, low);
    const transport = `RTP/AVP/TCP;unicast;interleaved=${low}-${high}`;
    return { status: 200, headers: { Transport: transport, Session: `${this.#session};timeout=60` } };
  }

  #newReplay(card: Card, feed: Feed): Replay {
    const { clock, conduct } = this.#options;
    const socket = this.#socket;
    const write = (bytes: Buffer) => {
      if (!socket.destroyed) socket.write(bytes);
      return !socket.destroyed;
    };
    const drained = async () => {
      if (socket.destroyed || !socket.writableNeedDrain) return;
      await new Promise<void>((resolve) => {
        const done = () => {
          socket.off('drain', done);
          socket.off('close', done);
          resolve();
        };
        socket.once('drain', done);
        socket.once('close', done);
      });
    };
    return new Replay({ feed, card, clock, conduct, write, drained });
  }

  #newPlayback(path: string, feed: Feed): Playback | Replay {
    const { clock, epochMs, conduct, card, maxBacklogBytes = 4 * 2 ** 20 } = this.#options;
    if (path === card?.path) return this.#newReplay(card.card, feed);
    const write = (bytes: Buffer, position: number): boolean => {
      if (this.#socket.destroyed) return false;
      this.#socket.write(bytes);
      this.#sent(path, position);
      if (this.#socket.writableLength <= maxBacklogBytes) return true;
      this.#socket.destroy();
      return false;
    };
    return new Playback({ feed, clock, epochMs, conduct, write });
  }

  #sent(path: string, position: number): void {
    const { localPort, remotePort, bytesWritten } = this.#socket;
    if (localPort === undefined || remotePort === undefined) return;
    this.#options.onSent?.({ path, localPort, clientPort: remotePort, position, endByte: bytesWritten });
  }

  #inSession({ headers }: RtspRequest, path: string, answer: () => RtspReply): RtspReply {
    const named = headers.get('session')?.split(';')[0];
    if (!this.#playback || named !== this.#session || this.#playback.path !== path) return { status: 454 };
    return answer();
  }

  #beginReplay(replay: Replay, { uri, headers }: RtspRequest): RtspReply {
    const range = readClockRange(headers.get('range'));
    const paced = headers.get('rate-control')?.toLowerCase() !== 'no';
    const begun = range && replay.begin({ range, paced });
    if (!begun) return { status: 457 };
    const info = [...begun].map(([track, values]) => `url=${uri.replace(/\/$/, '')}/${CONTROL[track]};${values}`);
    return {
      status: 200,
      headers: { Session: this.#session, Range: headers.get('range')!, 'RTP-Info': info.join(',') },
    };
  }

  #beginPlay(request: RtspRequest): RtspReply {
    const { uri } = request;
    const { playback, running } = this.#playback!;
    if (playback instanceof Replay) return this.#beginReplay(playback, request);
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
