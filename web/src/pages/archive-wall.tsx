import { session } from '../session.js';
import { chosenSite } from '../site.js';
import { LatestPicture } from '../widgets/latest-picture.js';
import { useCameras } from '../widgets/use-cameras.js';

/** The cameras of an archive that is looked at without its recorder: no status, the last pictures, and the ways in. */
export function ArchiveWall() {
  const { cameras, problem } = useCameras();
  return (
    <main class="page wall">
      <section class="overall">
        <h1>The archive of {chosenSite() ?? session.value!.site}</h1>
        <p>Read from where the footage is kept, without its recorder. Nothing can be changed here.</p>
      </section>
      {problem.value && <p class="form-problem">{problem.value}</p>}
      <div class="cards">
        {cameras.value?.map((camera) => (
          <article key={camera} class="card" aria-label={`Camera ${camera}`}>
            <a href={`/timeline?camera=${encodeURIComponent(camera)}`} aria-label={`${camera}: open the timeline`}>
              <LatestPicture camera={camera} />
            </a>
            <div class="card-head">
              <h2 title={camera}>{camera}</h2>
            </div>
            <div class="card-links">
              <a href={`/timeline?camera=${encodeURIComponent(camera)}`}>Timeline</a>
              <a href={`/review?camera=${encodeURIComponent(camera)}`}>Motion</a>
              <a href={`/photos?camera=${encodeURIComponent(camera)}`}>Photos</a>
            </div>
          </article>
        ))}
      </div>
      {cameras.value?.length === 0 && <p class="empty">The archive holds no camera.</p>}
    </main>
  );
}
