import { guestToken, withToken } from '../guest.js';
import { go, place } from '../router.js';
import { LatestPicture } from '../widgets/latest-picture.js';
import { useCameras } from '../widgets/use-cameras.js';

/** The newest picture of one camera, as large as the screen: what `/latest` is when a person opens it. */
export function Latest() {
  const asked = place.value.searchParams.get('camera');
  const { cameras, problem } = useCameras();
  const all = cameras.value ?? [];
  const camera = asked ?? all[0];
  return (
    <main class="page newest">
      <div class="page-head">
        <h1>{camera ?? 'Latest picture'}</h1>
        {all.length > 1 && (
          <label>
            <span class="unseen">Camera</span>
            <select
              value={camera}
              onChange={({ currentTarget: { value } }) => go(withToken(`/latest?camera=${encodeURIComponent(value)}`))}
            >
              {all.map((name) => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
            </select>
          </label>
        )}
      </div>
      {camera && <LatestPicture key={camera} camera={camera} />}
      {problem.value && <p class="form-problem">{problem.value}</p>}
      {camera && !guestToken && (
        <nav class="newest-links" aria-label={`More of ${camera}`}>
          <a href={`/timeline?camera=${encodeURIComponent(camera)}`}>Timeline</a>
          <a href={`/photos?camera=${encodeURIComponent(camera)}`}>Photos</a>
        </nav>
      )}
    </main>
  );
}
