import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { ApiError, login } from '../api.js';
import { go, ownPath, place } from '../router.js';
import { loadSession } from '../session.js';

export function Login() {
  const problem = useSignal('');
  const busy = useSignal(false);
  const password = useRef<HTMLInputElement>(null);

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    busy.value = true;
    problem.value = '';
    try {
      await login(String(form.get('user')), String(form.get('password')));
      await loadSession();
      go(ownPath(place.value.searchParams.get('to')), { replace: true });
    } catch (error) {
      problem.value = explain(error);
      busy.value = false;
      password.current?.select();
    }
  }

  return (
    <main class="login">
      <form onSubmit={(event) => void submit(event)}>
        <img src="/icon.svg" width="44" height="44" alt="" />
        <h1>nvr-uplink</h1>
        <label>
          User
          <input name="user" autocomplete="username" autocapitalize="none" spellcheck={false} required autofocus />
        </label>
        <label>
          Password
          <input ref={password} name="password" type="password" autocomplete="current-password" required />
        </label>
        <p class="form-problem" role="alert">
          {problem}
        </p>
        <button type="submit" class="primary" disabled={busy.value}>
          {busy.value ? 'Signing in…' : 'Sign in'}
        </button>
      </form>
    </main>
  );
}

function explain(error: unknown): string {
  if (!(error instanceof ApiError)) return 'Signing in failed. Try again.';
  if (error.status === 401) return 'Wrong user or password.';
  if (error.status === 429) return 'Too many attempts. Wait a minute, then try again.';
  return error.hint ? `${error.message} ${error.hint}` : error.message;
}
