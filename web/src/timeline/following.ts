import { effect, untracked } from '@preact/signals';
import { serverNow, sleep } from '../clock.js';
import { duration } from '../format.js';
import { note } from '../router.js';
import { type Address, writeAddress } from './address.js';
import { momentAt } from './model.js';
import type { Timeline } from './timeline.js';
import { explain } from './words.js';

/** Browsers let a page change its address some hundred times in half a minute. */
const NOTE_MS = 400;

/** What plays moves the page: the view turns, the day changes, the address follows. Returns how to stop. */
export function followStage(timeline: Timeline): () => void {
  const { stage } = timeline;
  stage.onSkip = (from, to) => tellSkip(timeline, from, to);
  const stopTime = effect(() => {
    const time = stage.time.value;
    if (time === undefined || timeline.opening.peek() > 0 || timeline.scrub.peek() !== undefined) return;
    untracked(() => keepInSight(timeline, time));
  });
  const stopEnd = effect(() => {
    if (stage.atEnd.value && stage.playing.value) untracked(() => void playOn(timeline));
  });
  const stopNotes = noteAddress(timeline);
  return () => {
    stopTime();
    stopEnd();
    stopNotes();
  };
}

function keepInSight(timeline: Timeline, time: number): void {
  if (timeline.viewport.follow(time)) return;
  // The film went past midnight.
  timeline.viewport.turnTo(timeline.zone.dayOf(time), time);
  void timeline.attempt(async () => {
    await Promise.all(timeline.stage.cameras.value.map((camera) => timeline.loadDay(camera)));
    await timeline.loadOthers();
  });
}

/** The end of what is loaded is not the end of what there is. */
async function playOn(timeline: Timeline): Promise<void> {
  const { stage } = timeline;
  const cameras = stage.cameras.peek();
  const end = stage.player.peek().clip.peek()?.end ?? serverNow();
  await timeline.attempt(async () => {
    const found = await Promise.all(
      cameras.map(async (camera) => {
        const more = await timeline.facts.footage.loadAfter(camera, end, timeline.abort);
        stage.setClips(camera, timeline.facts.of(camera).clips);
        return more;
      }),
    );
    if (!found.includes(true) && stage.atEnd.peek())
      timeline.tell('This is the newest finished recording. It goes on when the next one is.');
  });
}

function tellSkip(timeline: Timeline, from: number, to: number): void {
  const moment = momentAt(timeline.spans(timeline.camera.value), (from + to) / 2, timeline.now.value);
  const { clock } = timeline.zone;
  const range = `${clock.call(timeline.zone, from)} to ${clock.call(timeline.zone, to)}`;
  timeline.tell(`Skipped ${duration(to - from)} without footage, ${range}: ${explain(moment)}.`);
}

/** Writes camera, moment, zoom and speed into the address bar, a moment after they changed. */
function noteAddress(timeline: Timeline): () => void {
  const page = new AbortController();
  let latest: Address | undefined;
  let isWaiting = false;
  const stop = effect(() => {
    latest = addressOf(timeline) ?? latest;
    if (!latest || isWaiting) return;
    isWaiting = true;
    void sleep(NOTE_MS, page.signal).then(() => {
      isWaiting = false;
      if (latest && !page.signal.aborted) note(writeAddress(latest));
    });
  });
  return () => {
    stop();
    page.abort();
  };
}

export function addressOf({ stage, camera, beside, viewport, opening, scrub }: Timeline): Address | undefined {
  const time = stage.time.value;
  const address = { camera: camera.value, time, beside: beside.value, span: viewport.span, speed: stage.rate.value };
  const isSettled = time !== undefined && opening.peek() === 0 && scrub.value === undefined;
  return isSettled ? address : undefined;
}
