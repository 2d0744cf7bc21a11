import { mediaUrl } from '../api.js';
import type { Clip } from './plan.js';

/** One `<video>` element holding one clip. Two of them take turns, so that the next clip is ready when this one ends. */
export class Screen {
  readonly video: HTMLVideoElement;
  clip: Clip | undefined;

  constructor() {
    this.video = document.createElement('video');
    this.video.playsInline = true;
    this.video.preload = 'auto';
    this.video.disablePictureInPicture = true;
    this.video.tabIndex = -1;
  }

  /** UTC time of the picture on this screen: never a sum of durations, which drift (facts/ux.md §4). */
  get time(): number | undefined {
    return this.clip && this.clip.start + this.video.currentTime * 1000;
  }

  /** Puts `clip` on this screen at `time` (UTC ms). Resolves once that picture is there, or when `signal` aborts. */
  async show(clip: Clip, time: number, signal: AbortSignal): Promise<void> {
    if (this.clip?.key !== clip.key || this.video.error) {
      this.clip = clip;
      this.video.src = mediaUrl(clip.key);
    }
    await this.#until(HTMLMediaElement.HAVE_METADATA, signal);
    // Meanwhile this screen may have been given another clip.
    if (signal.aborted || this.clip?.key !== clip.key) return;
    // Just short of the end: seeking to the very end shows nothing and counts as ended.
    const last = Math.max(0, this.video.duration - 0.04);
    const seconds = Math.min(Math.max(0, (time - clip.start) / 1000), last);
    if (Math.abs(this.video.currentTime - seconds) > 0.001) this.video.currentTime = seconds;
    await this.#until(HTMLMediaElement.HAVE_CURRENT_DATA, signal);
  }

  clear(): void {
    this.video.pause();
    this.video.removeAttribute('src');
    this.video.load();
    this.clip = undefined;
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
