import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSite } from '../simulators/web-site.js';

const LOOKING = 'a-token-that-only-looks-at-things-there';

describe('POST /api/v1/cameras/NAME/motion', () => {
  let site: WebSite;
  let told: unknown[][];
  beforeAll(async () => {
    told = [];
    site = await WebSite.start({
      tokens: { find: (token: string) => (token === LOOKING ? { name: 'wall', scope: 'read' } : undefined) },
      motion: (camera, action, forMs) => {
        if (camera === 'nobody') return 'unknown';
        if (camera === 'deaf') return 'closed';
        told.push([camera, action, forMs]);
        return 'told';
      },
    });
  });
  afterAll(() => site.dispose());

  const tell = (camera: string, body?: string, headers: Record<string, string> = {}) =>
    site.asOwner(`/api/v1/cameras/${camera}/motion`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      ...(body !== undefined && { body }),
    });

  it('tells of motion: a pulse, a start, a stop', async () => {
    const answers = [
      await tell('gate', '{"action":"start","seconds":30}'),
      await tell('gate', '{"action":"stop"}'),
      await tell('gate', '{}'),
      await tell('gate'),
    ];
    expect(answers.map(({ status }) => status)).toEqual([204, 204, 204, 204]);
    expect(told).toEqual([
      ['gate', 'start', 30_000],
      ['gate', 'stop', undefined],
      ['gate', 'pulse', undefined],
      ['gate', 'pulse', undefined],
    ]);
  });

  it('is for viewers, and for tokens that may do more than look', async () => {
    expect((await tell('gate', '{}', { authorization: '' })).status).toBe(401);
    expect((await tell('gate', '{}', { authorization: '', cookie: await site.cookie() })).status).toBe(204);
    const looking = await tell('gate', '{}', { authorization: `Bearer ${LOOKING}` });
    expect([looking.status, JSON.parse(looking.body).error.code]).toEqual([403, 'read-only']);
  });

  it('is refused to pages of other sites', async () => {
    expect((await tell('gate', '{}', { origin: 'https://evil.example' })).status).toBe(403);
  });

  it.each([
    ['gate', '{"action":"dance"}', 400, 'action: write start, stop or pulse'],
    ['gate', '{"action":"pulse","seconds":-1}', 400, 'seconds'],
    ['gate', 'nonsense', 400, ''],
    ['nobody', '{}', 404, 'There is no camera nobody.'],
    ['deaf', '{}', 409, 'motion.sources'],
    ['..%2f..', '{}', 400, 'not a camera name'],
  ])('says what is wrong: %s, %s', async (camera, body, status, message) => {
    const answer = await tell(camera, body);
    expect(answer.status).toBe(status);
    expect(answer.body).toContain(message);
  });
});
