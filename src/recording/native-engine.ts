import type { Clock } from '../../lib/clock.js';
import { EventQueue } from '../../lib/event-queue.js';
import { Slabs } from '../../lib/mp4/slabs.js';
import { ReadTurns } from '../../lib/rtsp/read-turns.js';
import { RtspStream, type UnitSink } from '../../lib/rtsp/stream.js';
import { ArrivalClock } from './arrival-clock.js';
import type { EngineEvent, RecordingEngine, RecordOptions } from './engine.js';
import { GatedSink } from './gated-sink.js';
import { SegmentCutter } from './segment-cutter.js';

/** After the watchdog should have called the camera silent, and in time to let go of it within 15 s of the last frame. */
const SILENT_MS = 12_000;

/**
 * So long packets wait in the system's memory. A stream of 8 Mbit/s sends 250 KB in that time; the system lets a socket's buffer grow to twice
 * what is read at once, so after the first seconds no camera has to wait.
 */
const READ_EVERY_MS = 250;

/** 8 MiB, shared by all cameras. */
const SPARE_SLABS = 128;

/**
 * Records in this process: an RTSP client and an MP4 writer, for H.264 and H.265 with AAC or no sound, over TCP, TLS or UDP. Anything else
 * rejects with `UnsupportedStream` (code `stream-invalid`) before the first frame. Errors of one camera stay in its own iteration
 * (invariant I7): everything that runs for a camera hangs on its socket or its files.
 */
export class NativeEngine implements RecordingEngine {
  readonly #clock: Clock;
  readonly #slabs = new Slabs(SPARE_SLABS);
  readonly #turns: ReadTurns;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#turns = new ReadTurns(clock, READ_EVERY_MS);
  }

  async *record(options: RecordOptions, signal: AbortSignal): AsyncIterable<EngineEvent> {
    if (signal.aborted) return;
    const events = new EventQueue<EngineEvent>();
    const stop = new AbortController();
    const stopped = () => stop.abort();
    signal.addEventListener('abort', stopped);
    const recording = this.#run(options, events, stop);
    try {
      yield* events;
    } finally {
      // Reached early when the consumer stops listening: then nobody needs the stream any more.
      stop.abort();
      signal.removeEventListener('abort', stopped);
      await recording;
    }
  }

  /** Never rejects: what happens is told through the events. */
  async #run(options: RecordOptions, events: EventQueue<EngineEvent>, stop: AbortController): Promise<void> {
    const { directory, segmentMs, gate } = options;
    const clock = this.#clock;
    const slabs = this.#slabs;
    const failures: unknown[] = [];
    let stream: RtspStream | undefined;
    const arrivals = gate && new ArrivalClock(clock);
    const cutter = new SegmentCutter({
      ...{ directory, segmentMs, clock, slabs, arrivals },
      onEvent: (event) => events.push(event.type === 'progress' ? { ...event, lost: stream?.report.lost } : event),
      onError: (error) => {
        failures.push(error);
        stop.abort();
      },
    });
    const gated =
      gate && arrivals && new GatedSink({ gate, cutter, arrivals, slabs, onEvent: (event) => events.push(event) });
    stream = this.#stream(options, gated ?? cutter);
    await stream.play(stop.signal).catch((error: unknown) => failures.push(error));
    gated?.close();
    await cutter.close();
    if (failures.length > 0) events.fail(failures[0]);
    else events.end();
  }

  #stream({ source, audio }: RecordOptions, sink: UnitSink): RtspStream {
    const { username, password = '', ...where } = source;
    const credentials = username === undefined ? undefined : { username, password };
    const wanted = { audio: audio !== 'none', silentMs: SILENT_MS, turns: this.#turns };
    return new RtspStream({ ...where, credentials, clock: this.#clock, sink, ...wanted });
  }
}
