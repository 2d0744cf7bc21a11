import { getStatus } from '../api.js';
import { repeat, serverNow } from '../clock.js';
import { session } from '../session.js';
import type { Timeline } from './timeline.js';

const POLL_MS = 3000;

/** Keeps the page true while somebody looks at it: what is recorded now appears, and "now" moves. Ends with the page. */
export async function keepFresh(timeline: Timeline): Promise<void> {
  let turn = 0;
  const look = async () => {
    if (timeline.viewport.day.value !== timeline.zone.dayOf(serverNow())) return;
    const shown = timeline.stage.cameras.value.filter(Boolean);
    await Promise.all(shown.map((camera) => timeline.loadDay(camera)));
    // Sixteen cameras are not asked all at once: the others take turns.
    const others = timeline.cameras.value.filter((camera) => !shown.includes(camera));
    const next = others[turn++ % others.length];
    if (next) await timeline.loadDay(next);
    if (session.value?.capabilities.recorder) await loadLastFrames(timeline);
  };
  await Promise.all([
    repeat(POLL_MS, timeline.abort, () => timeline.attempt(look)),
    repeat(1000, timeline.abort, async () => {
      timeline.now.value = serverNow();
    }),
  ]);
}

async function loadLastFrames(timeline: Timeline): Promise<void> {
  const { cameras } = await getStatus(timeline.abort);
  timeline.facts.lastFrames.value = new Map(
    cameras.flatMap((one) => (one.recording && one.lastFrameAt ? [[one.name, Date.parse(one.lastFrameAt)]] : [])),
  );
}
