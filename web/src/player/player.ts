import { signal } from '@preact/signals';
import { monotonic, sleep } from '../clock.js';
import { type Fault, toFault, toldFault } from './fault.js';
import { type Clip, nextTarget, playable, seekTarget, type Target } from './plan.js';
import { Screen } from './screen.js';
import { canPlay } from './source.js';

/** A newer place to seek to waits this long for the picture under way; longer, and that one is given up. */
const PATIENCE_MS = 500;

/** The next clip is fetched when this much of the current one is left to watch. */
const PRELOAD_MS = 20_000;

export const USUAL_FRAME_MS = 40;

/** A film that breaks again so soon after it was asked for anew is not going to play. */
const RECOVER_MS = 5000;

/**
 * Plays one camera's clips as if they were one film. Two screens take turns: one in front, one getting the next clip
 * ready. Gaps are skipped and told to `onSkip`.
 */
export class Player {
  /** UTC ms of the picture in front; undefined before the first. */
  readonly time = signal<number | undefined>(undefined);
  /** What the viewer wants; at the end of all footage it stays true, and playing goes on when more is recorded. */
  readonly playing = signal(false);
  readonly busy = signal(false);
  readonly atEnd = signal(false);
  readonly fault = signal<Fault | undefined>(undefined);
  readonly rate = signal(1);
  readonly muted = signal(true);
  readonly clip = signal<Clip | undefined>(undefined);
  /** What is on screen was made for this browser, which cannot play the file itself. */
  readonly converted = signal(false);

  readonly screens = [new Screen(), new Screen()] as const;
  /** False where somebody else's clock decides: the last picture before a gap then stays until a seek. */
  skips = true;
  onSkip: (from: number, to: number) => void = () => undefined;

  #front = 0;
  #clips: Clip[] = [];
  #wanted: Target | undefined;
  #going: { time: number; since: number; stop: AbortController } | undefined;
  #ending = new AbortController();
  #recoveredAt = Number.NEGATIVE_INFINITY;

  constructor() {
    for (const screen of this.screens) {
      const on = (name: string, act: () => void) => {
        const inFront = () => screen === this.#screen && !this.#going && act();
        screen.video.addEventListener(name, inFront, { signal: this.#ending.signal });
      };
      on('ended', () => void this.#over());
      on('timeupdate', () => this.#tick());
      on('error', () => this.#tick());
      on('waiting', () => this.#setBusy(true));
      on('playing', () => this.#setBusy(false));
    }
  }

  /** Where a seek under way is going, else where the picture is: several presses of a key are several steps, however slow the line. */
  get aim(): number | undefined {
    return this.#wanted?.time ?? this.#going?.time ?? this.time.peek();
  }

  get #screen(): Screen {
    return this.screens[this.#front]!;
  }

  get #back(): Screen {
    return this.screens[1 - this.#front]!;
  }

  /** The footage there is now. Called again whenever more is known: playing on from the end needs nothing else. */
  setClips(clips: Clip[]): void {
    this.#clips = playable(clips, canPlay);
    if (this.atEnd.value && this.playing.value) this.#advance();
  }

  /** Shows `time`, or the next footage after it. False when there is none. See {@link seekTarget} for `backFrom`. */
  seek(time: number, backFrom?: number): boolean {
    const target = seekTarget(this.#clips, time, backFrom);
    if (!target) return false;
    this.#goTo(target);
    return true;
  }

  play(): void {
    this.playing.value = true;
    if (this.atEnd.value) this.#advance();
    else if (!this.#going) this.#start();
  }

  pause(): void {
    this.playing.value = false;
    this.#screen.video.pause();
  }

  setRate(rate: number): void {
    this.rate.value = rate;
    for (const { video } of this.screens) {
      video.defaultPlaybackRate = rate;
      video.playbackRate = rate;
    }
  }

  setMuted(muted: boolean): void {
    this.muted.value = muted;
    for (const { video } of this.screens) video.muted = muted;
  }

  /** Whether pictures follow each other on screen right now. */
  get isMoving(): boolean {
    const { paused, seeking, readyState } = this.#screen.video;
    return !this.#going && !paused && !seeking && readyState >= HTMLMediaElement.HAVE_FUTURE_DATA;
  }

  /** The file in front has come to its end, and nothing follows it without a gap. */
  get isOver(): boolean {
    return !this.#going && this.#screen.video.ended;
  }

  /** A little faster or slower than the rate until the next call: to catch up unseen. */
  nudge(factor: number): void {
    const { video } = this.#screen;
    const rate = this.rate.value * factor;
    if (video.playbackRate !== rate) video.playbackRate = rate;
  }

  /** One picture back or on, paused. */
  step(by: 1 | -1): void {
    this.pause();
    const time = this.aim;
    if (time !== undefined) this.seek(time + by * USUAL_FRAME_MS, by < 0 ? time : undefined);
  }

  /** Tries the clip that failed once more, or goes past it. */
  afterFault(how: 'again' | 'past'): void {
    const fault = this.fault.value;
    if (!fault) return;
    const target =
      how === 'again'
        ? { clip: fault.clip, time: Math.max(this.time.value ?? 0, fault.clip.start) }
        : nextTarget(this.#clips, fault.clip);
    if (target) this.#goTo(target);
  }

  /** Another camera, or a day without footage: nothing of what was stays on screen. */
  empty(): void {
    this.#going?.stop.abort();
    this.#wanted = undefined;
    this.#clips = [];
    for (const screen of this.screens) screen.clear();
    this.clip.value = undefined;
    this.time.value = undefined;
    this.fault.value = undefined;
    this.atEnd.value = false;
  }

  close(): void {
    this.pause();
    this.empty();
    this.#ending.abort();
  }

  /** Seeks come faster than pictures while somebody drags: the one under way is finished, then the latest wins. */
  #goTo(target: Target): void {
    this.#wanted = target;
    this.fault.value = undefined;
    this.atEnd.value = false;
    if (!this.#going) void this.#work();
    else void this.#hurry(this.#going);
  }

  async #hurry(going: { since: number; stop: AbortController }): Promise<void> {
    await sleep(PATIENCE_MS - (monotonic() - going.since), going.stop.signal);
    if (this.#going === going && this.#wanted) going.stop.abort();
  }

  async #work(): Promise<void> {
    while (this.#wanted) {
      const target = this.#wanted;
      this.#wanted = undefined;
      this.#going = { time: target.time, since: monotonic(), stop: new AbortController() };
      this.busy.value = true;
      await this.#bring(target, this.#going.stop.signal);
    }
    this.#going?.stop.abort();
    this.#going = undefined;
    this.busy.value = false;
    if (this.playing.value && !this.fault.value && !this.atEnd.value) this.#start();
  }

  async #bring({ clip, time }: Target, signal: AbortSignal): Promise<void> {
    const screen = this.#screen.clip?.key === clip.key ? this.#screen : this.#back;
    // A jump: what is in front will not be played on.
    const front = this.#screen;
    screen.onLoading = () => front !== screen && front.freeze();
    try {
      await screen.show(clip, time, signal);
    } catch (error) {
      this.time.value = time;
      this.#fail(clip, error);
      return;
    }
    if (!signal.aborted) this.#present(screen);
  }

  #present(screen: Screen): void {
    const other = this.screens.find((one) => one !== screen)!;
    other.clear();
    this.#front = this.screens.indexOf(screen);
    screen.video.classList.add('front');
    other.video.classList.remove('front');
    this.clip.value = screen.clip;
    this.time.value = screen.time;
    this.converted.value = screen.way === 'converted';
    if (!this.playing.value) void this.#isCutOff();
  }

  /** Runs the picture in front. A browser may refuse sound without a gesture: then play without. */
  #start(): void {
    const { video, clip } = this.#screen;
    if (!clip) return;
    // To play an ended element is to start it over.
    if (video.ended) {
      void this.#over();
      return;
    }
    video.playbackRate = this.rate.value;
    video.muted = this.muted.value;
    video.play().catch((error: unknown) => {
      const name = error instanceof DOMException ? error.name : '';
      if (name === 'NotAllowedError' && !video.muted) {
        this.setMuted(true);
        this.#start();
      } else if (name === 'NotAllowedError') {
        this.playing.value = false;
      }
      // AbortError: a pause or a seek came in between, and that one decides what happens. Faults arrive as `error`.
    });
    this.#keepTime();
  }

  #keepTime(): void {
    const { video } = this.#screen;
    const frame = () => {
      if (video !== this.#screen.video || video.paused || this.#going) return;
      this.#tick();
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  #tick(): void {
    const screen = this.#screen;
    if (screen.video.error) this.#recover(screen);
    if (screen.time === undefined || screen.video.seeking || screen.video.error) return;
    this.time.value = screen.time;
    const left = (screen.video.duration - screen.video.currentTime) * 1000;
    if (this.playing.value && left / this.rate.value < PRELOAD_MS && !this.#going) this.#prepare();
  }

  #prepare(): void {
    const next = this.#screen.clip && nextTarget(this.#clips, this.#screen.clip);
    if (!next || this.#back.clip?.key === next.clip.key) return;
    // A fault here is met again, and told, when the clip's turn comes.
    this.#back.onLoading = () => undefined;
    void this.#back.show(next.clip, next.time, this.#ending.signal).catch(() => undefined);
  }

  #advance(): void {
    const { clip } = this.#screen;
    const next = clip && nextTarget(this.#clips, clip);
    if (!this.skips && (!next || next.skipped)) return;
    this.atEnd.value = !next;
    if (!next) return;
    if (next.skipped) this.onSkip(next.skipped.from, next.skipped.to);
    this.#goTo(next);
  }

  /** The film in front has come to its end. */
  async #over(): Promise<void> {
    const { clip } = this.#screen;
    if (await this.#isCutOff()) return;
    if (clip === this.#screen.clip && !this.#going) this.#advance();
  }

  /** A browser takes the end of a file that is cut off for the end of the film; whether it is one, the recorder knows. */
  async #isCutOff(): Promise<boolean> {
    const { clip, endedEarly } = this.#screen;
    if (!clip || !endedEarly) return false;
    const fault = await toldFault(clip, this.#ending.signal);
    if (!fault || clip !== this.#screen.clip || this.#going) return false;
    this.#fail(clip, fault);
    return true;
  }

  #setBusy(busy: boolean): void {
    this.busy.value = busy;
  }

  /** A film that played until now, such as one whose address has expired, is asked for once more at the same moment. */
  #recover(screen: Screen): void {
    const { clip, time, video } = screen;
    if (!clip || !video.error) return;
    const isFirst = monotonic() - this.#recoveredAt > RECOVER_MS;
    this.#recoveredAt = monotonic();
    if (isFirst) this.#goTo({ clip, time: Math.max(time ?? 0, clip.start) });
    else if (this.fault.peek()?.clip !== clip) void this.#giveUp(clip, video.error);
  }

  /** The browser knows only that it does not play; the recorder may know why. */
  async #giveUp(clip: Clip, error: MediaError): Promise<void> {
    this.#fail(clip, error);
    const told = this.fault.peek();
    const fault = await toldFault(clip, this.#ending.signal);
    if (fault && this.fault.peek() === told) this.#fail(clip, fault);
  }

  #fail(clip: Clip, error: unknown): void {
    this.fault.value = toFault(clip, error, this.#clips);
  }
}
