import { randomInt } from 'node:crypto';
import type { Clock } from '../clock.js';
import type { AccessUnit, Depacketiser, TrackFormat } from './access-unit.js';
import type { Credentials } from './authorization.js';
import { RtspConnection } from './connection.js';
import { broken, invalid, silent } from './failures.js';
import type { Turns } from './read-turns.js';
import { RecordedTimes } from './recorded-times.js';
import { Reorder } from './reorder.js';
import { interleaved, readClockReport, receiverReport, saysBye } from './rtcp.js';
import { RtpReceiver } from './rtp-receiver.js';
import { type ReplayRange, RtspSession } from './session.js';
import { Timeline } from './timeline.js';
import type { Track } from './tracks.js';
import { UdpPorts } from './udp-ports.js';
import { requestUrl } from './url.js';

/** Takes what a stream holds. Whatever it throws ends the stream with that error. */
export interface UnitSink {
  /** Comes once, before the first unit. */
  begin(sound: TrackFormat | undefined): void;
  /** A promise means: enough for now; nothing more is read until it resolves. */
  unit(unit: AccessUnit): Promise<void> | undefined;
}

export interface StreamOptions {
  /** `rtsp://host[:port]/path`, or `rtsps://` for TLS, without sign-in details. */
  url: string;
  /** Of the camera, for TLS; see `RtspTarget`. */
  certificate?: string;
  /** How the packets come: between the messages (`tcp`, the default), or beside them, where some may be lost. */
  transport?: 'tcp' | 'udp';
  credentials?: Credentials;
  /** Plays what the camera recorded then, each picture with when it was, and ends with it. Default: what the camera sees now. */
  replay?: ReplayRange;
  /** Whether sound is wanted. */
  audio: boolean;
  /** Each picture is wanted as soon as the camera says that it is whole, instead of with the next one's beginning. Default: no. */
  prompt?: boolean;
  clock: Clock;
  /** Shared by all streams that are to be read together. */
  turns: Turns;
  sink: UnitSink;
  /** No packet of the pictures for this long ends the stream. */
  silentMs: number;
}

/** What a stream had to say of its quality. */
export interface StreamReport {
  lost: number;
  late: number;
  torn: number;
  garbage: number;
  clockSteps: number;
}

interface Reception {
  receiver: RtpReceiver;
  depacketiser: Depacketiser;
}

/** A camera's stream over one RTSP connection, its packets between the messages or beside them. Inert until {@link play}. */
export class RtspStream {
  readonly #options: StreamOptions;
  readonly #connection: RtspConnection;
  readonly #session: RtspSession;
  readonly #channels: (((bytes: Buffer, from: number, to: number) => void) | undefined)[] = [];
  readonly #receptions: Reception[] = [];
  readonly #ports: UdpPorts[] = [];
  /** What may still hold packets back. */
  readonly #reorders: Reorder[] = [];
  readonly #ssrc = randomInt(2 ** 32);
  #timeline: Timeline | undefined;
  /** When the newest packet of the pictures was read. */
  #pictureMs = 0;
  #paused = false;
  /** What still comes while we say goodbye is nobody's. */
  #over = false;
  /** Resolves when what was recorded has been played. */
  readonly #played: Promise<'played'>;
  #end: () => void = () => undefined;
  #sinkError: { error: unknown } | undefined;

  constructor(options: StreamOptions) {
    const { clock, credentials, turns, certificate } = options;
    const url = new URL(options.url);
    this.#options = options;
    const onPacket = (channel: number, bytes: Buffer, from: number, to: number) =>
      this.#channels[channel]?.(bytes, from, to);
    this.#connection = new RtspConnection({ url, certificate, credentials, clock, turns, onPacket });
    this.#session = new RtspSession(this.#connection, requestUrl(url), clock);
    this.#session.replay = options.replay;
    this.#played = new Promise((resolve) => {
      this.#end = () => resolve('played');
    });
  }

  /**
   * Plays until `signal` aborts, or to the end of what is replayed. Rejects with a `Failure` (`unreachable`, `sign-in-refused`, `silent`, `stream-ended`, `stream-invalid`), with
   * `UnsupportedStream` for what we do not take, or with what the sink threw. Nothing is left open in any case.
   */
  async play(signal: AbortSignal): Promise<void> {
    const stop = () => this.#connection.destroy();
    try {
      await this.#connection.open(signal);
      signal.addEventListener('abort', stop);
      await this.#setUp();
      signal.removeEventListener('abort', stop);
      signal.throwIfAborted();
      await this.#listen(signal);
    } catch (error) {
      if (!signal.aborted) throw this.#sinkError ? this.#sinkError.error : error;
    } finally {
      signal.removeEventListener('abort', stop);
      this.#connection.destroy();
      for (const ports of this.#ports) ports.close();
    }
  }

  get report(): StreamReport {
    const sum = (of: (reception: Reception) => number) => this.#receptions.reduce((total, one) => total + of(one), 0);
    return {
      lost: sum(({ receiver }) => receiver.lost),
      late: sum(({ receiver }) => receiver.late),
      torn: sum(({ depacketiser }) => depacketiser.torn),
      garbage: this.#connection.reader.garbage,
      clockSteps: this.#timeline?.steps ?? 0,
    };
  }

  async #setUp(): Promise<void> {
    const tracks = await this.#session.describe(this.#options.audio);
    const sound = tracks.find(({ kind }) => kind === 'audio')?.format;
    this.#timeline = new Timeline(tracks[0]!.hz, sound, (unit) => this.#unit(unit));
    this.#options.sink.begin(sound);
    for (const [index, track] of tracks.entries()) {
      await this.#setUpTrack(track, this.#timeline, index * 2);
    }
    const starts = await this.#session.play();
    this.#connection.readByTurns();
    if (starts.length !== tracks.length) return;
    for (const [index, { kind }] of tracks.entries()) this.#timeline.starts(kind, starts[index]!);
  }

  async #setUpTrack(track: Track, timeline: Timeline, channel: number): Promise<void> {
    if (this.#options.transport !== 'udp') {
      const given = await this.#session.setUp(track, channel);
      this.#receive(track, timeline, given, (report) => this.#connection.write(interleaved(given + 1, report)));
      this.#connection.reader.use(given);
      this.#connection.reader.use(given + 1);
      return;
    }
    const take = (at: number, bytes: Buffer) => this.#channels[at]?.(bytes, 0, bytes.length);
    const reorder = new Reorder((bytes) => take(channel, bytes));
    const { local, camera } = this.#connection.addresses;
    const ports = await UdpPorts.open(local, camera, {
      rtp: (bytes) => this.#beside(() => reorder.push(bytes, this.#connection.readAtMs)),
      rtcp: (bytes) => this.#beside(() => take(channel + 1, bytes)),
    });
    this.#ports.push(ports);
    this.#reorders.push(reorder);
    this.#receive(track, timeline, channel, (report) => ports.report(report));
    ports.meet(await this.#session.setUpUdp(track, ports.ports));
  }

  /** Nobody can be told to wait over UDP: while the disk is behind, what comes is lost, and counted as that. */
  #beside(take: () => void): void {
    if (!this.#paused && !this.#over) this.#connection.takeBeside(take);
  }

  #receive(
    { kind, media, reorder, depacketiser: make }: Track,
    timeline: Timeline,
    channel: number,
    send: (report: Buffer) => void,
  ): void {
    const { replay, prompt = false } = this.#options;
    if (channel > 254 || this.#channels[channel]) throw invalid(`the camera gives channel ${channel} to two tracks`);
    const recorded = new RecordedTimes();
    const depacketiser = make((unit) => {
      if (replay) unit.recordedMs = recorded.take(unit.timestamp);
      if (kind === 'video') timeline.video(unit, this.#connection.readAtMs, reorder());
      else timeline.audio(unit, this.#connection.readAtMs);
    }, prompt);
    const receiver = new RtpReceiver(media.payloadType, depacketiser);
    if (replay) receiver.onRecorded = (timestamp, wallMs) => recorded.note(timestamp, wallMs);
    this.#receptions.push({ receiver, depacketiser });
    this.#channels[channel] = (bytes, from, to) => {
      if (receiver.packet(bytes, from, to) && kind === 'video') this.#pictureMs = this.#connection.readAtMs;
    };
    this.#channels[channel + 1] = (bytes, from, to) => {
      const report = readClockReport(bytes, from, to);
      if (report) timeline.report(kind, report);
      const { reception } = receiver;
      if (report && reception) send(receiverReport(this.#ssrc, reception));
      if (replay && kind === 'video' && saysBye(bytes, from, to)) this.#end();
    };
  }

  #unit(unit: AccessUnit): void {
    if (this.#over) return;
    const room = this.#offer(unit);
    if (!room || this.#paused) return;
    this.#paused = true;
    this.#connection.pause();
    void room.then(() => {
      this.#paused = false;
      this.#connection.resume();
    });
  }

  #offer(unit: AccessUnit): Promise<void> | undefined {
    try {
      return this.#options.sink.unit(unit);
    } catch (error) {
      // Told apart from what the connection says of its end, which follows from this.
      this.#sinkError ??= { error };
      throw error;
    }
  }

  async #listen(signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const stopped = new Promise<'stopped'>((resolve) => {
      signal.addEventListener('abort', () => resolve('stopped'), { once: true });
    });
    try {
      const ends = [
        stopped,
        this.#played,
        this.#connection.ended,
        this.#silent(over.signal),
        this.#session.stayAlive(over.signal),
      ];
      const why = await Promise.race(ends);
      if (!this.#sinkError) this.#flush();
      this.#over = true;
      if (why !== 'stopped' && why !== 'played') throw broken(why, true);
      await this.#session.tearDown();
    } finally {
      over.abort();
    }
  }

  /** What came and was held back, for what was still to come. */
  #flush(): void {
    for (const reorder of this.#reorders) reorder.flush();
    for (const { depacketiser } of this.#receptions) depacketiser.flush();
  }

  /** Resolves with the failure when no packet of the pictures came for too long. */
  async #silent(signal: AbortSignal): Promise<unknown> {
    const { clock, silentMs } = this.#options;
    let since = clock.monotonic();
    while (!signal.aborted) {
      const now = clock.monotonic();
      // What is not read because the disk is behind is not the camera's silence.
      since = this.#paused ? now : Math.max(since, this.#pictureMs);
      if (now - since >= silentMs) return silent(silentMs);
      await clock.sleep(since + silentMs - now, signal);
    }
    return undefined;
  }
}
