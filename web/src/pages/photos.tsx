import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { PhotosReply } from '../../../src/browse/api.js';
import { getCameras, getPhotos } from '../api.js';
import { withToken } from '../guest.js';
import { go, place } from '../router.js';
import { session } from '../session.js';
import { Lightbox } from '../widgets/lightbox.js';
import { More } from '../widgets/more.js';
import { PhotoPicture } from '../widgets/photo-picture.js';

export type Photo = PhotosReply['photos'][number];

/** Snapshots, newest first; older ones are fetched as the end comes near. */
export function Photos() {
  const camera = place.value.searchParams.get('camera') ?? undefined;
  const cameras = useSignal<string[]>([]);
  const photos = useSignal<Photo[]>([]);
  const before = useSignal<number | undefined>(undefined);
  const state = useSignal<'ready' | 'loading' | 'done'>('ready');
  const problem = useSignal('');
  const open = useSignal<number | undefined>(undefined);
  const stop = useRef(new AbortController());

  async function more(): Promise<void> {
    if (state.value !== 'ready') return;
    state.value = 'loading';
    try {
      const page = await getPhotos(camera, before.value, stop.current.signal);
      photos.value = [...photos.value, ...page.photos];
      before.value = page.before;
      state.value = page.before === undefined ? 'done' : 'ready';
      problem.value = '';
    } catch (error) {
      problem.value = error instanceof Error ? error.message : String(error);
      state.value = 'ready';
    }
  }

  useEffect(() => {
    const { signal } = stop.current;
    // Without the list there is no filter, and the gallery still works.
    void getCameras(signal)
      .then((all) => (cameras.value = all))
      .catch(() => undefined);
    void more();
    return () => stop.current.abort();
  }, []);

  return (
    <main class="page photos">
      <div class="page-head">
        <h1>Photos</h1>
        <label>
          <span class="unseen">Camera</span>
          <select
            value={camera ?? ''}
            onChange={({ currentTarget: { value } }) =>
              go(withToken(value ? `/photos?camera=${encodeURIComponent(value)}` : '/photos'))
            }
          >
            <option value="">All cameras</option>
            {(cameras.value.length > 0 ? cameras.value : camera ? [camera] : []).map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
      </div>
      <Days photos={photos.value} onOpen={(index) => (open.value = index)} />
      {state.value === 'done' && photos.value.length === 0 && <p class="empty">No photos yet.</p>}
      {problem.value && <p class="form-problem">{problem.value}</p>}
      {state.value !== 'done' && (
        <More busy={state.value === 'loading'} label="Older photos" onNeed={() => void more()} />
      )}
      {open.value !== undefined && (
        <Lightbox
          photos={photos.value}
          index={open}
          onNearEnd={() => void more()}
          onClose={() => (open.value = undefined)}
        />
      )}
    </main>
  );
}

function Days({ photos, onOpen }: { photos: Photo[]; onOpen: (index: number) => void }) {
  const { zone } = session.value!;
  const days = new Map<string, { photo: Photo; index: number }[]>();
  for (const [index, photo] of photos.entries()) {
    const day = zone.dayOf(photo.at);
    days.set(day, [...(days.get(day) ?? []), { photo, index }]);
  }
  return (
    <>
      {[...days].map(([day, shots]) => (
        <section key={day}>
          <h2>{zone.dayTitle(day)}</h2>
          <div class="gallery">
            {shots.map(({ photo, index }) => (
              <button
                type="button"
                key={photo.url}
                aria-label={`${photo.camera}, ${zone.clock(photo.at)}: enlarge`}
                onClick={() => onOpen(index)}
              >
                <PhotoPicture photo={photo} alt="" />
                <span>
                  <b>{zone.clock(photo.at)}</b> {photo.camera}
                </span>
              </button>
            ))}
          </div>
        </section>
      ))}
    </>
  );
}
