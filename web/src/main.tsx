import { useSignal } from '@preact/signals';
import { render } from 'preact';
import { useEffect } from 'preact/hooks';
import { ApiError, logout } from './api.js';
import { sleep } from './clock.js';
import { guestToken } from './guest.js';
import { ArchiveWall } from './pages/archive-wall.js';
import { Latest } from './pages/latest.js';
import { Login } from './pages/login.js';
import { Photos } from './pages/photos.js';
import { Review } from './pages/review.js';
import { TimelinePage } from './pages/timeline.js';
import { Wall } from './pages/wall.js';
import { go, place, startRouter } from './router.js';
import { loadSession, session } from './session.js';
import { chooseSite, chosenSite } from './site.js';
import { Icon } from './widgets/icon.js';

const TITLES: Record<string, string> = {
  '/': 'Cameras',
  '/timeline': 'Timeline',
  '/review': 'Review',
  '/photos': 'Photos',
};

function App() {
  const path = place.value.pathname;
  const problem = useSignal('');
  const signedOut = path === '/login';
  useEffect(() => {
    const stop = new AbortController();
    if (!signedOut && !session.value) void untilSession(stop.signal, (text) => (problem.value = text));
    return () => stop.abort();
  }, [signedOut]);
  useEffect(() => {
    const name = signedOut ? 'Sign in' : (TITLES[path] ?? (path === '/latest' ? 'Latest picture' : 'Not found'));
    document.title = `${name} – ${session.value?.site ?? 'nvr-uplink'}`;
  }, [path, session.value]);
  if (signedOut) return <Login />;
  if (!session.value) return <p class="starting">{problem.value}</p>;
  return (
    <>
      {!guestToken && <Header path={path} />}
      <Page path={path} />
    </>
  );
}

function Page({ path }: { path: string }) {
  if (path === '/') return session.value?.capabilities.recorder ? <Wall /> : <ArchiveWall />;
  if (path === '/timeline') return <TimelinePage />;
  if (path === '/review') return <Review key={place.value.search} />;
  if (path === '/latest') return <Latest />;
  if (path === '/photos') return <Photos key={place.value.search} />;
  return (
    <main class="page missing">
      <h1>There is no page here</h1>
      <p>
        <code>{path}</code> is not one of ours. Perhaps the address was cut off when it was copied.
      </p>
      <p>
        <a href="/">Cameras</a> · <a href="/timeline">Timeline</a> · <a href="/review">Review</a> ·{' '}
        <a href="/photos">Photos</a>
      </p>
    </main>
  );
}

/** Without it no page knows its time zone, so this keeps trying. A 401 has already gone to /login. */
async function untilSession(signal: AbortSignal, tell: (problem: string) => void): Promise<void> {
  while (!signal.aborted) {
    try {
      return await loadSession(signal);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError && error.status === 401 && !guestToken) return;
      tell(error instanceof Error ? error.message : String(error));
    }
    await sleep(2000, signal);
  }
}

function Header({ path }: { path: string }) {
  const { user, sites } = session.value!;
  const site = chosenSite() ?? session.value!.site;
  return (
    <header class="top">
      <a href="/" class="brand" aria-label={`${site}, cameras`}>
        <img src="/icon.svg" width="26" height="26" alt="" />
        <span>{site}</span>
      </a>
      <nav aria-label="Pages">
        {Object.entries(TITLES).map(([to, title]) => (
          <a key={to} href={to} aria-current={to === path ? 'page' : undefined}>
            {title}
          </a>
        ))}
      </nav>
      {sites.length > 1 && <SiteChoice site={site} sites={sites} />}
      {user && (
        <button
          type="button"
          class="icon"
          aria-label="Sign out"
          title={`Signed in as ${user}. Sign out`}
          onClick={() => void leave()}
        >
          <Icon name="leave" />
        </button>
      )}
    </header>
  );
}

/** Everything on the page is of one site: another one is another page. */
function SiteChoice({ site, sites }: { site: string; sites: readonly string[] }) {
  return (
    <label class="site-choice">
      <span class="unseen">Site</span>
      <select
        value={site}
        onChange={({ currentTarget: { value } }) => {
          chooseSite(value, sites);
          location.assign('/');
        }}
      >
        {sites.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

async function leave(): Promise<void> {
  // Signed out or unreachable: either way the next request decides, on the sign-in page.
  await logout().catch(() => undefined);
  session.value = undefined;
  go('/login');
}

startRouter();
render(<App />, document.getElementById('app')!);
