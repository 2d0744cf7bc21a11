import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hashPassword } from '../../../lib/password.js';
import { SESSION_MS, Sessions } from '../../../src/browse/session.js';
import { FakeClock } from '../../simulators/fake-clock.js';

const SECRET = 'session-secret-session-secret-session';

describe('a session', () => {
  let passwordHash: string;
  let clock: FakeClock;
  let sessions: Sessions;
  let cookie: string;

  const create = (more: { username?: string; passwordHash?: string; sessionSecret?: string } = {}) =>
    new Sessions({ username: 'warden', passwordHash, sessionSecret: SECRET, clock, ...more });

  beforeAll(async () => {
    passwordHash = await hashPassword('correct horse');
  });
  beforeEach(async () => {
    clock = new FakeClock();
    sessions = create();
    cookie = `${sessions.cookie}=${await sessions.signIn('warden', 'correct horse')}`;
  });

  it('needs both the user and the password', async () => {
    expect(await sessions.signIn('warden', 'wrong')).toBeUndefined();
    expect(await sessions.signIn('other', 'correct horse')).toBeUndefined();
    expect(sessions.userOf(cookie)).toBe('warden');
  });

  it('lasts seven days', async () => {
    expect(SESSION_MS).toBe(7 * 24 * 3_600_000);
    await clock.advance(SESSION_MS - 1);
    expect(sessions.userOf(cookie)).toBe('warden');
    await clock.advance(1);
    expect(sessions.userOf(cookie)).toBeUndefined();
  });

  it('outlives a restart', () => {
    expect(create().userOf(cookie)).toBe('warden');
  });

  it('ends when user, password or secret change', async () => {
    const name = (other: Sessions) => cookie.replace(sessions.cookie, other.cookie);
    for (const other of [
      create({ username: 'other' }),
      create({ passwordHash: await hashPassword('correct horse') }),
      create({ sessionSecret: `${SECRET}!` }),
    ]) {
      expect(other.userOf(name(other))).toBeUndefined();
    }
  });

  it('is worth nothing after signing out, even from a copy of the cookie', async () => {
    const other = `${sessions.cookie}=${await sessions.signIn('warden', 'correct horse')}`;
    sessions.end(cookie);
    expect(sessions.userOf(cookie)).toBeUndefined();
    expect(sessions.userOf(other)).toBe('warden');
  });

  it('is found among other cookies', () => {
    expect(sessions.userOf(`a=b; ${cookie}; c=d`)).toBe('warden');
    expect(sessions.userOf(`${sessions.cookie}=old.1.x; ${cookie}`)).toBe('warden');
  });

  it('cannot be changed in any character', () => {
    for (let index = sessions.cookie.length + 1; index < cookie.length; index++) {
      const flipped = cookie[index] === 'A' ? 'B' : 'A';
      const forged = cookie.slice(0, index) + flipped + cookie.slice(index + 1);
      expect(sessions.userOf(forged), forged).toBeUndefined();
    }
  });

  it.each(['', 'x', '..', 'a.99999999999999.', 'a.99999999999999.b', 'a.NaN.b.c'])('is not %j', (value) => {
    expect(sessions.userOf(`${sessions.cookie}=${value}`)).toBeUndefined();
  });

  it('has a cookie name of its own for each recorder, since cookies do not tell ports apart', () => {
    expect(create({ sessionSecret: `${SECRET}!` }).cookie).not.toBe(sessions.cookie);
  });
});
