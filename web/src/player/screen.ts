import type { Clip } from './plan.js';
import { learn, type Source, sourceOf, type Way } from './source.js';

/** Files may be a little shorter than what is said of them. */
const SHORT_MS = 2000;

/** One `<video>` element holding one clip. Two of them take turns, so that the next clip is ready when this one ends. */
export class Screen {
  readonly video: HTMLVideoElement;
  clip: Clip | undefined;
  /** Called when a film begins to be fetched. */
  onLoading: () => void = () => undefined;
  #source: Source | undefined;
  readonly #still = document.createElement('canvas');

  constructor() {
    this.video = document.createElement('video');
    this.video.playsInline = true;
    this.video.preload = 'auto';
    this.video.disablePictureInPicture = true;
    this.video.tabIndex = -1;
  }

  /** UTC time of the picture on this screen: never a sum of durations, which drift (facts/ux.md §4). */
  get time(): number | undefined {
    return this.clip && this.#source && this.#source.startMs + this.video.currentTime * 1000;
  }

  /** The film has come to its end long before its file should. */
  get endedEarly(): boolean {
    const { clip, time, video } = this;
    return video.ended && clip !== undefined && time !== undefined && clip.end - time >= SHORT_MS;
  }

  get way(): Way | undefined {
    return this.#source?.way;
  }

  /**
   * Puts `clip` on this screen at `time` (UTC ms). Resolves once that picture is there, or when `signal` aborts; rejects with a
   * `PlaybackFault` when no way leads to it.
   */
  async show(clip: Clip, time: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#show(clip, time, signal);
        return;
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof MediaError) || !this.#source) throw error;
        await learn(clip, this.#source.way, error, signal);
      }
    }
  }

  /**
   * Gives the line free for another film: nothing of this one is fetched any more, and its picture stays as a picture. A film in
   * the background would go on filling its buffer, and the new one would wait for it.
   */
  freeze(): void {
    const { video } = this;
    if (!video.videoWidth) return;
    this.#still.width = video.videoWidth;
    this.#still.height = video.videoHeight;
    this.#still.getContext('2d')!.drawImage(video, 0, 0);
    video.after(this.#still);
    this.#unload();
  }

  clear(): void {
    this.#still.remove();
    this.#unload();
  }

  #unload(): void {
    if (!this.clip) return;
    this.video.pause();
    this.video.removeAttribute('src');
    this.video.load();
    this.clip = undefined;
    this.#source = undefined;
  }

  async #show(clip: Clip, time: number, signal: AbortSignal): Promise<void> {
    if (!this.#holds(clip, time)) await this.#load(clip, time, signal);
    await this.#until(HTMLMediaElement.HAVE_METADATA, signal);
    // Meanwhile this screen may have been given another clip.
    if (signal.aborted || this.clip?.key !== clip.key || !this.#source) return;
    // Just short of the end: seeking to the very end shows nothing and counts as ended.
    const last = Math.max(0, this.video.duration - 0.04);
    const seconds = Math.min(Math.max(0, (time - this.#source.startMs) / 1000), last);
    if (Math.abs(this.video.currentTime - seconds) > 0.001) this.video.currentTime = seconds;
    await this.#until(HTMLMediaElement.HAVE_CURRENT_DATA, signal);
  }

  async #load(clip: Clip, time: number, signal: AbortSignal): Promise<void> {
    this.#still.remove();
    this.clip = clip;
    this.#source = undefined;
    const source = await sourceOf(clip, time, signal);
    if (signal.aborted || this.clip !== clip) return;
    this.#source = source;
    this.video.src = source.url;
    // Said before anything is loaded, it is where loading begins: the film's first pictures are not fetched for nothing.
    this.video.currentTime = Math.max(0, (time - source.startMs) / 1000);
    this.onLoading();
  }

  /** What is converted comes as a stream: only what of it has arrived can be sought in. */
  #holds(clip: Clip, time: number): boolean {
    if (this.clip?.key !== clip.key || this.video.error || !this.#source) return false;
    if (this.#source.way !== 'converted') return true;
    const seconds = (time - this.#source.startMs) / 1000;
    const { seekable } = this.video;
    return seekable.length > 0 && seekable.start(0) <= seconds && seconds <= seekable.end(0);
  }

  /** Rejects with the element's error when the file cannot be read or decoded. */
  #until(readyState: number, signal: AbortSignal): Promise<void> {
    const { video } = this;
    return new Promise((resolve, reject) => {
      const stop = new AbortController();
      const check = () => {
        const ready = video.readyState >= readyState && !video.seeking;
        if (!ready && !video.error && !signal.aborted) return;
        stop.abort();
        if (video.error && !signal.aborted) reject(video.error);
        else resolve();
      };
      for (const name of ['loadedmetadata', 'loadeddata', 'seeked', 'canplay', 'error']) {
        video.addEventListener(name, check, { signal: stop.signal });
      }
      signal.addEventListener('abort', check, { signal: stop.signal });
      check();
    });
  }
}
