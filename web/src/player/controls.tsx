import { copyLink } from '../timeline/link.js';
import type { Timeline } from '../timeline/timeline.js';
import { Icon, type IconName } from '../widgets/icon.js';
import { RATES } from './keys.js';
import type { Dialog } from './use-keys.js';

interface Props {
  timeline: Timeline;
  onDialog: (what: Dialog) => void;
  onFullscreen: () => void;
}

export function Controls({ timeline, onDialog, onFullscreen }: Props) {
  const { stage } = timeline;
  const playing = stage.playing.value;
  return (
    <section class="controls" aria-label="Playback">
      <div class="transport">
        <Push icon="frameBack" name="One frame back" keys="," onClick={() => stage.step(-1)} />
        <button
          type="button"
          class="step"
          title="10 seconds back (←)"
          aria-label="10 seconds back"
          onClick={() => timeline.move(-10_000)}
        >
          −10
        </button>
        <Push
          icon={playing ? 'pause' : 'play'}
          name={playing ? 'Pause' : 'Play'}
          keys="Space"
          class="play"
          onClick={() => stage.toggle()}
        />
        <button
          type="button"
          class="step"
          title="10 seconds on (→)"
          aria-label="10 seconds on"
          onClick={() => timeline.move(10_000)}
        >
          +10
        </button>
        <Push icon="frameOn" name="One frame on" keys="." onClick={() => stage.step(1)} />
      </div>
      <Moment timeline={timeline} onClick={() => onDialog('goto')} />
      <div class="extras">
        <label class="rate">
          <span class="unseen">Speed</span>
          <select
            value={String(stage.rate.value)}
            onChange={(event) => stage.setRate(Number(event.currentTarget.value))}
          >
            {RATES.map((rate) => (
              <option key={rate} value={String(rate)}>
                {rate === 0.5 ? '½' : rate}×
              </option>
            ))}
          </select>
        </label>
        <Push
          icon={stage.muted.value ? 'muted' : 'sound'}
          name={stage.muted.value ? 'Sound on' : 'Sound off'}
          keys="M"
          onClick={() => stage.setMuted(!stage.muted.value)}
        />
        {timeline.cameras.value.length > 1 && (
          <Push
            icon="grid"
            name={timeline.beside.value.length > 0 ? 'One camera' : 'All cameras side by side'}
            keys="S"
            class="grid"
            onClick={() => timeline.toggleAll()}
          />
        )}
        <Push icon="link" name="Copy a link to this moment" keys="L" onClick={() => void copyLink(timeline)} />
        <Push icon="cut" name="Export" keys="E" onClick={() => onDialog('export')} />
        <Push icon="full" name="Full screen" keys="F" onClick={onFullscreen} />
        <button type="button" class="icon help" title="Keys (?)" aria-label="Keys" onClick={() => onDialog('help')}>
          ?
        </button>
      </div>
    </section>
  );
}

function Push(props: { icon: IconName; name: string; keys: string; class?: string; onClick: () => void }) {
  return (
    <button
      type="button"
      class={`icon ${props.class ?? ''}`}
      aria-label={props.name}
      title={`${props.name} (${props.keys})`}
      onClick={props.onClick}
    >
      <Icon name={props.icon} />
    </button>
  );
}

/** The time on screen. Always the time of the picture, never of the list. */
function Moment({ timeline, onClick }: { timeline: Timeline; onClick: () => void }) {
  const head = timeline.head.value;
  const { zone } = timeline;
  return (
    <button type="button" class="moment" title="Go to a time (G)" aria-label="Go to a time" onClick={onClick}>
      <b>{head === undefined ? '--:--:--' : zone.clock(head)}</b>
      <small>
        {timeline.camera.value}
        {head !== undefined && `, ${zone.dayTitle(zone.dayOf(head))}`}
      </small>
    </button>
  );
}
