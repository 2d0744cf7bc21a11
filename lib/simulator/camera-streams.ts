import type { ClipSpec } from './clip.js';
import type { EncoderSettings } from './device-settings.js';
import type { Feed } from './feed.js';
import type { Persona } from './persona.js';

export type Encode = (spec: ClipSpec, signal: AbortSignal) => Promise<Feed>;

export interface CameraStreamsOptions {
  persona: Persona;
  main: Feed;
  sub: Feed;
  /** Undefined: what plays stays as it is, whatever the encoder is set to. */
  encode?: Encode;
  /** Ends whatever plays the stream at this path, so that clients come back to the new one. */
  drop(path: string): Promise<void>;
}

/** The two streams of a camera. When an encoder is set to something else, its stream is drawn and encoded anew. */
export class CameraStreams {
  /** By path, for the RTSP server. */
  readonly feeds: Map<string, Feed>;
  readonly #options: CameraStreamsOptions;
  readonly #encoding: Partial<Record<'main' | 'sub', { stop: AbortController; done: Promise<void> }>> = {};

  constructor(options: CameraStreamsOptions) {
    this.#options = options;
    const { main, sub } = options.persona.profiles;
    this.feeds = new Map([
      [main.path, options.main],
      [sub.path, options.sub],
    ]);
  }

  feed(role: 'main' | 'sub'): Feed {
    return this.feeds.get(this.#path(role))!;
  }

  /** Begins to encode; the old stream plays until the new one is there. A later setting overtakes an earlier one. */
  set(role: 'main' | 'sub', settings: EncoderSettings): void {
    const { encode, drop } = this.#options;
    if (!encode) return;
    this.#encoding[role]?.stop.abort();
    const stop = new AbortController();
    const spec = specFor(settings, this.#options[role].clip.spec);
    const replace = async () => {
      const feed = await encode(spec, stop.signal);
      if (stop.signal.aborted) return;
      this.feeds.set(this.#path(role), feed);
      await drop(this.#path(role));
    };
    // An encoder that cannot leaves the stream as it was, which is what cameras do.
    this.#encoding[role] = { stop, done: replace().catch(() => undefined) };
  }

  /** Resolves when what was set is what plays. */
  async settled(): Promise<void> {
    await Promise.all(Object.values(this.#encoding).map(({ done }) => done));
  }

  async close(): Promise<void> {
    for (const { stop } of Object.values(this.#encoding)) stop.abort();
    await this.settled();
  }

  #path(role: 'main' | 'sub'): string {
    return this.#options.persona.profiles[role].path;
  }
}

/** The clip of these settings. A loop is whole groups of pictures, so odd lengths become the nearest that fits. */
export function specFor(settings: EncoderSettings, base: ClipSpec): ClipSpec {
  const { codec, width, height, bitrateKbps } = settings;
  const fps = nearest(settings.fps, (rate) => 90_000 % rate === 0 && (base.loopMs * rate) % 1000 === 0);
  const frames = (base.loopMs * fps) / 1000;
  const gopFrames = nearest(Math.min(settings.gopFrames, frames), (length) => frames % length === 0);
  const coded = codec === 'H264' ? {} : { codec };
  const { codec: _, ...rest } = base;
  return { ...rest, ...coded, width, height, fps, gopFrames, rateBps: bitrateKbps * 1000 };
}

/** The number nearest to `wanted`, and not below 1, that will do. */
function nearest(wanted: number, fits: (value: number) => boolean): number {
  for (let distance = 0; distance < wanted; distance++) {
    if (fits(wanted - distance)) return wanted - distance;
    if (fits(wanted + distance)) return wanted + distance;
  }
  return 1;
}
