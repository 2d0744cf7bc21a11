import { useEffect, useRef } from 'preact/hooks';
import { mediaUrl } from '../api.js';
import { momentAt } from '../timeline/model.js';
import type { Timeline } from '../timeline/timeline.js';
import { explain } from '../timeline/words.js';
import type { Follower } from './follower.js';
import type { Player } from './player.js';

/** One camera on the stage. */
export function Tile({ timeline, camera }: { timeline: Timeline; camera: string }) {
  const { stage } = timeline;
  const follower = stage.of(camera);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    box.current!.prepend(...stage.of(camera)!.player.screens.map((screen) => screen.video));
    // For the mouse and the thumb; the keyboard has Space, the button and the list of cameras.
    box.current!.addEventListener('click', () => {
      if (camera === timeline.camera.peek()) stage.toggle();
      else void timeline.select(camera);
    });
  }, []);
  if (!follower) return null;
  const isSolo = stage.isSolo.value;
  const isLead = camera === timeline.camera.value;
  return (
    <div class={isLead && !isSolo ? 'tile lead' : 'tile'}>
      <div class={follower.absent.value && !isSolo ? 'screen absent' : 'screen'} ref={box} />
      {!isSolo && <Caption timeline={timeline} camera={camera} follower={follower} />}
      {follower.player.converted.value && (
        <span
          class="tile-converted"
          title="This browser cannot play the file as it is; the file stays as it was recorded."
        >
          shown as H.264
        </span>
      )}
      <Fault player={follower.player} />
    </div>
  );
}

/** Whose picture it is, and why there is none. */
function Caption({ timeline, camera, follower }: { timeline: Timeline; camera: string; follower: Follower }) {
  const { stage } = timeline;
  const time = stage.time.value;
  const isWaiting = follower.player.busy.value && !follower.absent.value;
  return (
    <>
      <span class="tile-name">{camera}</span>
      {isWaiting && <span class="spinner" role="progressbar" aria-label={`Loading ${camera}`} />}
      {follower.absent.value && time !== undefined && (
        <p class="tile-absent">No footage: {explain(momentAt(timeline.spans(camera), time, timeline.now.value))}</p>
      )}
    </>
  );
}

function Fault({ player }: { player: Player }) {
  const fault = player.fault.value;
  if (!fault) return null;
  return (
    <div class="fault" role="alert">
      <p>
        {fault.message} {fault.detail && <small>{fault.detail}</small>}
      </p>
      <div>
        <button type="button" onClick={() => player.afterFault('again')}>
          Try again
        </button>
        {fault.canPass && (
          <button type="button" onClick={() => player.afterFault('past')}>
            Go past it
          </button>
        )}
        {fault.canSave && (
          <a class="button" href={mediaUrl(fault.clip.key)} download>
            Save the file
          </a>
        )}
      </div>
    </div>
  );
}
