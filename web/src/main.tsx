import { useSignal } from '@preact/signals';
import { render } from 'preact';
import { useEffect } from 'preact/hooks';
import { ApiError, logout } from './api.js';
import { sleep } from './clock.js';
import { Login } from './pages/login.js';
import { Photos } from './pages/photos.js';
import { TimelinePage } from './pages/timeline.js';
import { Wall } from './pages/wall.js';
import { go, place, startRouter } from './router.js';
import { loadSession, session } from './session.js';
import { Icon } from './widgets/icon.js';

const TITLES: Record<string, string> = { '/': 'Cameras', '/timeline': 'Timeline', '/photos': 'Photos' };

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
    const name = signedOut ? 'Sign in' : (TITLES[path] ?? 'Not found');
    document.title = `${name} – ${session.value?.site ?? 'nvr-uplink'}`;
  }, [path, session.value]);
  if (signedOut) return <Login />;
  if (!session.value) return <p class="starting">{problem.value}</p>;
  return (
    <>
      <Header path={path} />
      <Page path={path} />
    </>
  );
}

function Page({ path }: { path: string }) {
  if (path === '/') return <Wall />;
  if (path === '/timeline') return <TimelinePage />;
  if (path === '/photos') return <Photos key={place.value.search} />;
  return (
    <main class="page">
      <h1>There is no page here</h1>
      <p>
        <a href="/">To the cameras</a>
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
      if (signal.aborted || (error instanceof ApiError && error.status === 401)) return;
      tell(error instanceof Error ? error.message : String(error));
    }
    await sleep(2000, signal);
  }
}

function Header({ path }: { path: string }) {
  const { site, user } = session.value!;
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

async function leave(): Promise<void> {
  // Signed out or unreachable: either way the next request decides, on the sign-in page.
  await logout().catch(() => undefined);
  session.value = undefined;
  go('/login');
}

startRouter();
render(<App />, document.getElementById('app')!);
