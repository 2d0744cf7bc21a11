import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { Icon } from '../widgets/icon.js';
import { rove } from '../widgets/rove.js';
import { Bar } from './bar.js';
import type { Timeline } from './timeline.js';

/** A line for each camera: its name, whether it is on the stage, its day. Up and down arrows go from one to the next. */
export function Rows({ timeline }: { timeline: Timeline }) {
  const list = useRef<HTMLDivElement>(null);
  const focused = useSignal<string | undefined>(undefined);
  const cameras = timeline.cameras.value;
  const stop = cameras.find((camera) => camera === focused.value) ?? timeline.camera.value;
  return (
    <div
      class="rows"
      ref={list}
      role="toolbar"
      aria-orientation="vertical"
      aria-label="Cameras"
      onKeyDown={(event) => {
        for (const column of ['.row-name', '.row-beside']) rove(event, list.current!, column);
      }}
    >
      {cameras.map((camera) => (
        <Row
          key={camera}
          timeline={timeline}
          camera={camera}
          tabIndex={camera === stop ? 0 : -1}
          onFocus={() => (focused.value = camera)}
        />
      ))}
    </div>
  );
}

interface RowProps {
  timeline: Timeline;
  camera: string;
  tabIndex: number;
  onFocus: () => void;
}

function Row({ timeline, camera, tabIndex, onFocus }: RowProps) {
  const selected = timeline.camera.value === camera;
  const row = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (selected) reveal(row.current!);
  }, [selected]);
  return (
    <div class={selected ? 'row selected' : 'row'} ref={row} onFocusIn={onFocus}>
      <div class="row-head">
        <button
          type="button"
          class="row-name"
          tabIndex={tabIndex}
          aria-pressed={selected}
          title={`Show ${camera} at this moment`}
          onClick={() => void timeline.select(camera)}
        >
          {camera}
        </button>
        {timeline.cameras.value.length > 1 && <Beside timeline={timeline} camera={camera} tabIndex={tabIndex} />}
      </div>
      <Bar timeline={timeline} camera={camera} />
    </div>
  );
}

function Beside({ timeline, camera, tabIndex }: { timeline: Timeline; camera: string; tabIndex: number }) {
  const selected = timeline.camera.value === camera;
  const isOn = selected || timeline.beside.value.includes(camera);
  return (
    <button
      type="button"
      class="icon row-beside"
      tabIndex={tabIndex}
      aria-pressed={isOn}
      aria-disabled={selected}
      aria-label={`Show ${camera} beside the others`}
      title={selected ? `${camera} is on screen` : isOn ? `Take ${camera} off the screen` : `Show ${camera} as well`}
      onClick={() => timeline.toggleBeside(camera)}
    >
      <Icon name={isOn ? 'shown' : 'hidden'} />
    </button>
  );
}

/** Scrolls the list of bars, never the page, until the row is in sight. */
function reveal(row: HTMLElement): void {
  const list = row.parentElement!;
  const top = row.offsetTop - list.offsetTop;
  const bottom = top + row.offsetHeight;
  if (top < list.scrollTop) list.scrollTop = top;
  else if (bottom > list.scrollTop + list.clientHeight) list.scrollTop = bottom - list.clientHeight;
}
