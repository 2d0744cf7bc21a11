import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Conduct } from '../../../lib/simulator/conduct.js';
import { Feed } from '../../../lib/simulator/feed.js';
import type { RtspOptions } from '../../../lib/simulator/rtsp-connection.js';
import { RtspServer } from '../../../lib/simulator/rtsp-server.js';
import { FakeClock } from '../../simulators/fake-clock.js';
import { depacketiseH264, RtspClient, syntheticClip } from './rtsp-client.js';

const account = { username: 'admin', password: 'secret' };
const accounts = { find: (username: string) => (username === account.username ? account : undefined) };
const signIn: [string, string] = ['admin', 'secret'];
const TCP = { Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1' };

let clock: FakeClock;
let conduct: Conduct;
let server: RtspServer;
let url: string;
let clients: RtspClient[];

async function open(changes: Partial<RtspOptions> = {}): Promise<number> {
  const feeds = new Map([['/stream1', new Feed(syntheticClip())]]);
  server = new RtspServer({ name: 'cam', accounts, feeds, clock, epochMs: 0, conduct, ...changes });
  const port = await server.open('127.0.0.1', 0);
  url = `rtsp://127.0.0.1:${port}/stream1`;
  return port;
}

async function connect(port: number): Promise<RtspClient> {
  const client = await RtspClient.open(port);
  clients.push(client);
  return client;
}

/** Advances in steps, so that what was written arrives on the way. */
async function advance(ms: number): Promise<void> {
  for (let at = 0; at < ms; at += 200) await clock.advance(200);
}

beforeEach(() => {
  clock = new FakeClock();
  conduct = { fault: undefined };
  clients = [];
});

afterEach(async () => {
  for (const client of clients) client.socket.destroy();
  await server.close();
});

describe('RTSP requests', () => {
  it('tells strangers its methods and nothing else', async () => {
    const client = await connect(await open());
    expect((await client.request('OPTIONS', url)).headers.public).toContain('DESCRIBE');
    expect((await client.request('DESCRIBE', url)).status).toBe(401);
    expect((await client.signed('DESCRIBE', url, ['admin', 'wrong'])).status).toBe(401);
    expect((await client.signed('SETUP', `${url}/track1`, ['other', 'secret'], TCP)).status).toBe(401);
  });

  it('describes H.264 and AAC with their parameters', async () => {
    const client = await connect(await open());
    const { status, headers, body } = await client.signed('DESCRIBE', url, signIn);
    expect(status).toBe(200);
    expect(headers['content-base']).toBe(`${url}/`);
    expect(body).toContain('profile-level-id=64001f;sprop-parameter-sets=Z2QAH6zZ,aOvjyw==');
    expect(body).toContain('mpeg4-generic/16000/1');
    expect(body).toContain('config=1408');
  });

  it('accepts what libraries send, refuses UDP, strange paths and strange sessions', async () => {
    const client = await connect(await open());
    const udp = { Transport: 'RTP/AVP;unicast;client_port=5000-5001' };
    expect((await client.signed('SETUP', `${url}/track1`, signIn, udp)).status).toBe(461);
    expect((await client.signed('DESCRIBE', url.replace('stream1', 'stream9'), signIn)).status).toBe(404);
    expect((await client.signed('PLAY', url, signIn, { Session: 'x' })).status).toBe(454);
    const setUp = await client.signed('SETUP', `${url}/track1`, signIn, TCP);
    expect(setUp.headers.transport).toBe('RTP/AVP/TCP;unicast;interleaved=0-1');
    expect((await client.signed('PLAY', url, signIn, { Session: 'x' })).status).toBe(454);
    expect((await client.signed('PAUSE', url, signIn)).status).toBe(501);
    expect((await client.signed('GET_PARAMETER', url, signIn)).status).toBe(200);
  });

  it('ends a connection that is not RTSP, or has no end', async () => {
    const port = await open();
    for (const junk of ['GET / HTTP/1.1\r\n\r\n', 'x'.repeat(20_000)]) {
      const client = await connect(port);
      client.socket.write(junk);
      await vi.waitFor(() => expect(client.closed).toBe(true));
    }
  });

  it('ignores receiver reports between requests', async () => {
    const client = await connect(await open());
    client.socket.write(Buffer.concat([Buffer.from([0x24, 1, 0, 8]), Buffer.from('OPTIONS ')]));
    expect((await client.request('OPTIONS', url)).status).toBe(200);
  });

  it('closes after TEARDOWN', async () => {
    const client = await connect(await open());
    const { headers } = await client.play(url, signIn);
    expect(server.sessions).toBe(1);
    await client.signed('TEARDOWN', url, signIn, { Session: headers.session! });
    await vi.waitFor(() => expect(client.closed).toBe(true));
    await vi.waitFor(() => expect(server.sessions).toBe(0));
  });
});

describe('playing', () => {
  it('starts at the keyframe after now, at the time RTP-Info says, and goes on over the loop without a break', async () => {
    const port = await open();
    await clock.advance(500);
    const client = await connect(port);
    const info = (await client.play(url, signIn)).headers['rtp-info']!;
    await advance(4_400);
    const packets = () => client.packets(0);
    await vi.waitFor(() => expect(packets().filter(({ marker }) => marker).length).toBeGreaterThanOrEqual(60));
    const [, sequence, time] = /track1;seq=(\d+);rtptime=(\d+)/.exec(info)!;
    expect(packets()[0]).toMatchObject({ sequence: Number(sequence), timestamp: Number(time) });
    // The first keyframe comes 800 ms after the beginning, half an audio frame before the 13th.
    const soundTime = Number(/track2;seq=\d+;rtptime=(\d+)/.exec(info)![1]);
    expect((client.packets(2)[0]!.timestamp - soundTime) >>> 0).toBe(512);
    const pictures = packets().filter(({ marker }) => marker);
    const steps = pictures.slice(1).map(({ timestamp }, index) => (timestamp - pictures[index]!.timestamp) >>> 0);
    expect(new Set(steps)).toEqual(new Set([6_000]));
    const gaps = packets()
      .slice(1)
      .map((packet, index) => (packet.sequence - packets()[index]!.sequence) & 0xffff);
    expect(new Set(gaps)).toEqual(new Set([1]));
    // Position 12 is the first keyframe after 500 ms; its second loop begins 12 pictures on.
    const nals = depacketiseH264(client.payloads(0));
    const expected = Array.from({ length: 60 }, (_, index) => syntheticClip().video[(12 + index) % 24]!.nals).flat();
    expect(nals.slice(0, expected.length)).toEqual(expected);
  });

  it('keeps sound in step and reports both tracks against the wall clock', async () => {
    const client = await connect(await open());
    const wallZero = clock.now() - clock.monotonic();
    await client.play(url, signIn);
    await advance(6_000);
    await vi.waitFor(() => expect(client.frames.filter(({ channel }) => channel === 1).length).toBe(2));
    const audio = client.packets(2);
    expect(new Set(audio.slice(1).map(({ timestamp }, index) => (timestamp - audio[index]!.timestamp) >>> 0))).toEqual(
      new Set([1_024]),
    );
    expect(audio.length).toBeGreaterThan(90);
    for (const [reports, packets, rate] of [
      [1, client.packets(0), 90_000],
      [3, audio, 16_000],
    ] as const) {
      const second = client.frames.filter(({ channel }) => channel === reports)[1]!.data;
      const wall = (second.readUInt32BE(8) - 2_208_988_800) * 1_000 + (second.readUInt32BE(12) / 2 ** 32) * 1_000;
      const elapsed = ((second.readUInt32BE(16) - packets[0]!.timestamp) >>> 0) / rate;
      expect(wall - wallZero).toBeCloseTo(elapsed * 1_000, 1);
    }
  });

  it('serves several clients at once under numbers of their own', async () => {
    const port = await open();
    const both = [await connect(port), await connect(port)];
    for (const client of both) await client.play(url, signIn);
    await advance(1_000);
    await vi.waitFor(() => expect(both.every((client) => client.packets(0).length > 20)).toBe(true));
    expect(server.sessions).toBe(2);
    const [first, second] = both.map((client) => client.packets(0));
    expect(first![0]!.ssrc).not.toBe(second![0]!.ssrc);
    expect(first![5]!.payload).toEqual(second![5]!.payload);
  });

  it('drops a client that does not read, and only that one', async () => {
    const feeds = new Map([['/stream1', new Feed(syntheticClip(60_000))]]);
    const port = await open({ feeds, maxBacklogBytes: 500_000 });
    const [slow, good] = [await connect(port), await connect(port)];
    await slow.play(url, signIn);
    await good.play(url, signIn);
    slow.socket.pause();
    for (let round = 0; round < 200 && server.sessions === 2; round++) await clock.advance(1_000);
    expect(server.sessions).toBe(1);
    expect(good.closed).toBe(false);
  });
});

describe('misbehaving', () => {
  it('falls silent and comes back at a keyframe, at the time the scene has reached', async () => {
    const client = await connect(await open());
    await client.play(url, signIn);
    await advance(1_000);
    await vi.waitFor(() => expect(client.packets(0).length).toBeGreaterThan(20));
    conduct.fault = 'silent';
    const before = client.packets(0);
    await advance(3_000);
    expect(client.packets(0)).toHaveLength(before.length);
    conduct.fault = undefined;
    await advance(1_000);
    await vi.waitFor(() => expect(client.packets(0).length).toBeGreaterThan(before.length));
    const next = client.packets(0)[before.length]!;
    expect(next.payload[0]! & 0x1f).toBe(24);
    expect((next.timestamp - before.at(-1)!.timestamp) >>> 0).toBeGreaterThan(3 * 90_000);
    expect((next.sequence - before.at(-1)!.sequence) & 0xffff).toBe(1);
  });

  it('accepts but never answers while silent', async () => {
    const port = await open();
    conduct.fault = 'silent';
    const client = await connect(port);
    let answered = false;
    void client.request('OPTIONS', url).then(() => {
      answered = true;
    });
    // Another client's answer, after the fault is lifted, proves that the first request was read and dropped.
    await vi.waitFor(() => expect(client.socket.bytesWritten).toBeGreaterThan(0));
    await clock.advance(10_000);
    conduct.fault = undefined;
    const other = await connect(port);
    expect((await other.request('OPTIONS', url)).status).toBe(200);
    expect(answered).toBe(false);
  });

  it('refuses the right password when told to', async () => {
    const client = await connect(await open());
    conduct.fault = 'sign-in-refused';
    expect((await client.signed('DESCRIBE', url, signIn)).status).toBe(401);
    conduct.fault = undefined;
    expect((await client.signed('DESCRIBE', url, signIn)).status).toBe(200);
  });

  it('holds keyframes back when told to', async () => {
    const client = await connect(await open());
    conduct.fault = 'keyframeless';
    await client.play(url, signIn);
    await advance(4_000);
    await vi.waitFor(() => expect(client.packets(0).filter(({ marker }) => marker).length).toBeGreaterThan(40));
    const types = depacketiseH264(client.payloads(0)).map((nal) => nal[0]! & 0x1f);
    expect(new Set(types)).toEqual(new Set([1]));
  });

  it('drops everybody at once and accepts them again', async () => {
    const port = await open();
    const client = await connect(port);
    await client.play(url, signIn);
    await server.drop();
    await vi.waitFor(() => expect(client.closed).toBe(true));
    expect((await (await connect(port)).request('OPTIONS', url)).status).toBe(200);
  });
});
