import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { mediaUrl } from '../api.js';
import { bytes, count, duration } from '../format.js';
import type { Clip } from '../player/plan.js';
import { canSave, learnProblem, problemOf } from '../problems.js';
import { session } from '../session.js';
import { stretchOf, tallyOf } from '../timeline/marks.js';
import type { Timeline } from '../timeline/timeline.js';
import { Modal } from '../widgets/modal.js';
import { Making } from './making.js';

interface Stretch {
  camera: string;
  from: number;
  to: number;
}

/** From one point to another as one film, or the recordings themselves. */
export function ExportDialog({ timeline, onClose }: { timeline: Timeline; onClose: () => void }) {
  const { zone } = timeline;
  const stretch = useSignal(stretchOf(timeline.marks.value, timeline.head.peek() ?? timeline.now.peek()));
  const ordered = useSignal<Stretch | undefined>(undefined);
  const camera = timeline.camera.value;
  const { from, to } = stretch.value;
  const clips = timeline.facts.of(camera).clips.filter((clip) => clip.end > from && clip.start < to);
  const change = (name: 'from' | 'to', clock: string) => {
    if (!clock) return;
    stretch.value = { ...stretch.value, [name]: zone.at(zone.dayOf(stretch.value[name]), clock) };
    timeline.marks.value = { in: stretch.value.from, out: stretch.value.to };
  };
  return (
    <Modal title={`Export from ${camera}`} class="export" onClose={onClose}>
      <form onSubmit={(event) => event.preventDefault()}>
        <div class="export-times">
          <Clock label="From (I)" value={zone.clock(from)} onChange={(clock) => change('from', clock)} />
          <Clock label="To (O)" value={zone.clock(to)} onChange={(clock) => change('to', clock)} />
        </div>
        <p class="hint">
          {zone.dayTitle(zone.dayOf(from))}, times of {zone.name}.
        </p>
        <Summary timeline={timeline} from={from} to={to} />
        {ordered.value ? (
          <Making key={`${ordered.value.from} ${ordered.value.to}`} {...ordered.value} />
        ) : (
          session.value?.capabilities.exports && (
            <button
              type="button"
              class="primary"
              autofocus
              disabled={clips.length === 0 || to <= from}
              onClick={() => (ordered.value = { camera, from, to })}
            >
              Make one film
            </button>
          )
        )}
        <Recordings timeline={timeline} clips={clips} />
      </form>
    </Modal>
  );
}

function Clock({ label, value, onChange }: { label: string; value: string; onChange: (clock: string) => void }) {
  return (
    <label>
      {label}
      <input
        type="time"
        step="1"
        required
        value={value}
        onChange={({ currentTarget }) => onChange(currentTarget.value)}
      />
    </label>
  );
}

/** What there is of the stretch, and what is missing: said before somebody hands it to anybody. */
function Summary({ timeline, from, to }: { timeline: Timeline; from: number; to: number }) {
  if (to <= from) return <p class="form-problem">The end must come after the beginning.</p>;
  const facts = timeline.facts.of(timeline.camera.value);
  const { bytes: size, missingMs, pendingMs } = tallyOf({ from, to }, facts, timeline.now.value);
  return (
    <p>
      {duration(to - from)}, about {bytes(size)}
      {missingMs >= 1000 && (
        <>
          ; <b class="export-missing">{duration(missingMs)} of it is missing</b>
        </>
      )}
      {pendingMs >= 1000 &&
        `; ${duration(pendingMs)} of it is in no finished recording yet, and will not be in the film`}
    </p>
  );
}

function Recordings({ timeline, clips }: { timeline: Timeline; clips: readonly Clip[] }) {
  const { zone } = timeline;
  const isOpen = useSignal(false);
  useEffect(() => {
    const stop = new AbortController();
    if (isOpen.value) void learnProblems(clips, stop.signal);
    return () => stop.abort();
  }, [isOpen.value, clips.map(({ key }) => key).join()]);
  return (
    <details
      open={!session.value?.capabilities.exports}
      onToggle={({ currentTarget }) => (isOpen.value = currentTarget.open)}
    >
      <summary>{count(clips.length, 'recording')} as they are</summary>
      <ul class="export-files">
        {clips.map((clip) => (
          <li key={clip.key}>
            {canSave(problemOf(clip.key)) ? (
              <a href={mediaUrl(clip.key)} download>
                {zone.clock(clip.start)} – {zone.clock(clip.end)}
              </a>
            ) : (
              `${zone.clock(clip.start)} – ${zone.clock(clip.end)}`
            )}{' '}
            <small>{problemOf(clip.key)?.message ?? bytes(clip.bytes)}</small>
          </li>
        ))}
      </ul>
    </details>
  );
}

/** One after the other, so that a film that is being watched goes on: nothing is offered that is not there. */
async function learnProblems(clips: readonly Clip[], abort: AbortSignal): Promise<void> {
  for (const { key } of clips) {
    if (abort.aborted) return;
    await learnProblem(key, abort).catch(() => undefined);
  }
}
