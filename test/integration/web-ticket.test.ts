import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../simulators/fake-clock.js';
import { cookieOf, WebSite } from '../simulators/web-site.js';

const TICKET = 'ticket-ticket-ticket-ticket-ticket';

describe('the link that signs one browser in', () => {
  let site: WebSite;
  let clock: FakeClock;
  beforeEach(async () => {
    clock = new FakeClock();
    site = await WebSite.start({ ticket: TICKET, clock });
  });
  afterEach(() => site.dispose());

  const open = (ticket = TICKET, method = 'GET', headers = {}) =>
    site.ask(`/open?ticket=${ticket}`, { method, headers });

  it('works once, with a cookie that scripts and other sites never see', async () => {
    const answer = await open();
    expect([answer.status, answer.headers.location]).toEqual([303, '/']);
    expect(answer.headers['set-cookie']![0]).toMatch(/; Path=\/;.* HttpOnly; SameSite=Strict$/);
    expect(answer.headers['cache-control']).toBe('no-store');
    const cookie = cookieOf(answer);
    expect((await site.ask('/api/v1/cameras', { headers: { cookie } })).status).toBe(200);
    expect((await open()).status).toBe(401);
    // Whoever was signed in by it may reload.
    expect((await open(TICKET, 'GET', { cookie })).status).toBe(303);
  });

  it('is not used up by whoever only looks at it, or guesses', async () => {
    expect((await open(TICKET, 'HEAD')).status).toBe(401);
    for (const wrong of ['', `${TICKET}x`, TICKET.slice(1), '%00']) expect((await open(wrong)).status, wrong).toBe(401);
    expect((await site.ask('/open')).status).toBe(400);
    expect((await site.ask(`/open?ticket=${TICKET}&ticket=${TICKET}`)).status).toBe(400);
    expect((await site.ask(`/open?ticket=${TICKET}`, { headers: { host: 'evil.example' } })).status).toBe(421);
    expect((await open()).status).toBe(303);
  });

  it('is worth nothing after a while, nor to anything but the sign-in', async () => {
    const tries: Record<string, string>[] = [{ authorization: `Bearer ${TICKET}` }, { cookie: `${TICKET}=${TICKET}` }];
    for (const headers of tries) {
      expect((await site.ask('/api/v1/cameras', { headers })).status).toBe(401);
    }
    expect((await site.signIn('warden', TICKET)).status).toBe(401);
    await clock.advance(15 * 60_000);
    expect((await open()).status).toBe(401);
  });

  it('is not there where none was asked for', async () => {
    const other = await WebSite.start();
    expect((await other.ask(`/open?ticket=${TICKET}`)).status).toBe(401);
    expect((await other.ask('/open?ticket=undefined')).status).toBe(401);
    await other.dispose();
  });
});
