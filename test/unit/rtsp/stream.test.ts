import { afterEach, describe, expect, it } from 'vitest';
import type { Failure } from '../../../lib/errors.js';
import type { AccessUnit } from '../../../lib/rtsp/access-unit.js';
import { UnsupportedStream } from '../../../lib/rtsp/failures.js';
import { ReadTurns } from '../../../lib/rtsp/read-turns.js';
import { RtspStream, type UnitSink } from '../../../lib/rtsp/stream.js';
import { packetiseH264, writePackets } from '../../../lib/simulator/rtp.js';
import { until } from '../../peers/until.js';
import { FakeClock } from '../../simulators/fake-clock.js';
import { type Asked, H264_SDP, ordinary, type Script, ScriptedRtsp } from '../../simulators/scripted-rtsp.js';
import { nal } from './units.js';

let server: ScriptedRtsp;
let stop: AbortController;
let playing: Promise<Failure | undefined>;
afterEach(async () => {
  stop.abort();
  // Saying goodbye takes time, which may stand still by now.
  clearInterval(ticking);
  tick();
  await playing;
  clearInterval(ticking);
  await server.stop();
});

let clock: FakeClock;
let ticking: NodeJS.Timeout | undefined;
let units: AccessUnit[];
let stream: RtspStream;

/** Time passes by itself, a hundred times as fast, until the test wants to say how much of it passes. */
function tick(): void {
  ticking = setInterval(() => void clock.advance(200), 2);
}

async function play(
  script: Script,
  { sink = {} as Partial<UnitSink>, signIn = true, path = '', moving = true, prompt = false } = {},
) {
  server = await ScriptedRtsp.start(script);
  stop = new AbortController();
  clock = new FakeClock();
  units = [];
  const takes: UnitSink = {
    begin: () => undefined,
    unit: (unit) => {
      units.push({ ...unit, data: Buffer.from(unit.data) });
      return undefined;
    },
    ...sink,
  };
  stream = new RtspStream({
    url: server.url + path,
    credentials: signIn ? { username: 'u', password: 'CANARY' } : undefined,
    prompt,
    ...{ audio: true, clock, turns: new ReadTurns(clock, 200), sink: takes, silentMs: 13_000 },
  });
  playing = stream.play(stop.signal).then(
    () => undefined,
    (error: Failure) => error,
  );
  if (moving) tick();
}
async function failure(script: Script, options = {}): Promise<Failure> {
  await play(script, { ...options, moving: false });
  const error = await playing;
  expect(error).toBeDefined();
  return error!;
}

let sequence = 0;
/** One picture as it goes over the wire. */
function picture(timestamp: number, nals: Buffer[], channel = 0): Buffer {
  const block = packetiseH264(nals);
  const bytes = Buffer.alloc(block.bytes.length);
  writePackets(block, bytes, 0, { channel, sequence, timestamp, ssrc: 7 });
  sequence = (sequence + block.starts.length) & 0xffff;
  return bytes;
}
const key = nal(5, { bytes: 3_000 });
const other = nal(1, { bytes: 900 });

/** Refuses until a request is signed with the nonce of the moment. */
function guarded(nonceOf: (count: number) => string, more = '', isFine = (_: Asked) => true): Script {
  let refusals = 0;
  return (asked) => {
    const nonce = nonceOf(refusals);
    if (asked.method === 'OPTIONS' || (asked.headers.authorization?.includes(`nonce="${nonce}"`) && isFine(asked))) {
      return ordinary(asked);
    }
    refusals++;
    return {
      status: '401 Unauthorized',
      headers: { 'WWW-Authenticate': `Digest realm="r", nonce="${nonceOf(refusals)}"${more}` },
    };
  };
}

describe('a stream over RTSP', () => {
  it('asks as every camera expects, plays, and says goodbye', async () => {
    await play((asked) => ordinary(asked));
    await until('PLAY', () => server.methods.includes('PLAY'));
    expect(server.methods).toEqual(['OPTIONS', 'DESCRIBE', 'SETUP', 'PLAY']);
    expect(server.asked.map(({ headers }) => Number(headers.cseq))).toEqual([1, 2, 3, 4]);
    expect(server.asked[2]).toMatchObject({ url: `${server.url}/track1` });
    expect(server.asked[2]!.headers.transport).toBe('RTP/AVP/TCP;unicast;interleaved=0-1');
    expect(server.asked[3]!.headers.session).toBe('abc');
    server.send(Buffer.concat([picture(0, [key]), picture(6_000, [other])]));
    await until('a picture', () => units.length > 0);
    stop.abort();
    expect(await playing).toBeUndefined();
    expect(server.methods.at(-1)).toBe('TEARDOWN');
    expect(units.map(({ key: isKey, dts }) => [isKey, dts])).toEqual([
      [true, 0],
      [false, 6_000],
    ]);
    expect(stream.report).toEqual({ lost: 0, late: 0, torn: 0, garbage: 0, clockSteps: 0 });
  });

  it.each([true, false])('gives a picture as soon as it is whole to whom that matters: %s', async (prompt) => {
    await play((asked) => ordinary(asked), { prompt });
    await until('PLAY', () => server.methods.includes('PLAY'));
    clearInterval(ticking);
    let isOver = false;
    void playing.then(() => {
      isOver = true;
    });
    server.send(Buffer.concat(Array.from({ length: 40 }, (_, n) => picture(n * 6_000, [n ? other : key]))));
    await until('all that is known to be whole', async () => {
      await clock.advance(200);
      return units.length >= (prompt ? 40 : 39);
    });
    expect([units.length, isOver]).toEqual([prompt ? 40 : 39, false]);
  });

  it('does not wait for a camera that never answers its goodbye', async () => {
    await play((asked) => (asked.method === 'TEARDOWN' ? undefined : ordinary(asked)));
    await until('PLAY', () => server.methods.includes('PLAY'));
    stop.abort();
    expect(await playing).toBeUndefined();
    await until('the connection to be closed', () => server.sockets.size === 0);
  });

  it('takes packets that come before the reply to PLAY, garbage between them, and the channel it is given', async () => {
    await play((asked) => {
      if (asked.method === 'SETUP') return { headers: { Session: 'x', Transport: 'RTP/AVP/TCP;interleaved=6-7' } };
      if (asked.method !== 'PLAY') return ordinary(asked);
      server.send(picture(0, [key], 6));
      return ordinary(asked);
    });
    await until('PLAY', () => server.methods.includes('PLAY'));
    server.send(Buffer.concat([Buffer.from('?!'), picture(6_000, [other], 6), picture(12_000, [other], 6)]));
    await until('pictures', () => units.length >= 2);
    expect(units[1]).toMatchObject({ dts: 6_000, afterLoss: false });
    expect(stream.report.garbage).toBe(2);
  });

  it('stays alive as the server wants it, and goes on when that is refused', async () => {
    await play((asked) => {
      if (asked.method === 'OPTIONS') return { headers: { Public: 'DESCRIBE, SETUP, PLAY' } };
      if (asked.method === 'SETUP')
        return { headers: { Session: 'x; timeout=10', Transport: asked.headers.transport! } };
      return ordinary(asked);
    });
    const kept = () => server.methods.filter((method) => method === 'OPTIONS').length - 1;
    await until('PLAY', () => server.methods.includes('PLAY'));
    for (let n = 0; n < 4; n++) {
      const known = kept();
      server.send(picture(n * 6_000, [n ? other : key]));
      await until('a sign of life', () => kept() > known);
    }
    expect(server.asked.at(-1)!.headers.session).toBe('x');
    expect(units.length).toBeGreaterThanOrEqual(3);
  });

  it('ends when the camera no longer knows the session', async () => {
    await play((asked) => (asked.method === 'GET_PARAMETER' ? { status: '454 Session Not Found' } : ordinary(asked)));
    const feeding = setInterval(() => server.send(picture(0, [key])), 5);
    expect(await playing).toMatchObject({ code: 'stream-ended', kind: 'transient' });
    clearInterval(feeding);
  });

  it('ends when the camera hangs up, after the last whole picture', async () => {
    await play((asked) => ordinary(asked));
    await until('PLAY', () => server.methods.includes('PLAY'));
    server.send(picture(0, [key]));
    server.send(picture(6_000, [other]));
    await until('a picture', () => units.length > 0);
    server.hangUp();
    expect(await playing).toMatchObject({ code: 'stream-ended' });
    expect(units).toHaveLength(2);
  });

  it('ends when no picture comes for 13 s, and not before', async () => {
    await play((asked) => ordinary(asked), { moving: false });
    await until('PLAY', () => server.methods.includes('PLAY'));
    server.send(Buffer.concat([picture(0, [key]), picture(6_000, [other])]));
    await until('a picture', async () => {
      await clock.advance(200);
      return units.length > 0;
    });
    const since = clock.monotonic();
    while (clock.monotonic() - since < 12_000) await clock.advance(500);
    expect(server.sockets.size).toBe(1);
    for (let n = 0; n < 4; n++) await clock.advance(500);
    expect(await playing).toMatchObject({ code: 'silent', message: expect.stringContaining('13 s') });
  });

  it('reads no more than its sink has room for', async () => {
    const waiting: (() => void)[] = [];
    const unit = () => new Promise<void>((resolve) => waiting.push(resolve));
    await play((asked) => ordinary(asked), { sink: { unit } });
    await until('PLAY', () => server.methods.includes('PLAY'));
    const one = Buffer.concat([picture(0, [nal(5, { bytes: 500_000 })]), picture(1, [other])]);
    server.send(one);
    await until('the sink to be full', () => waiting.length > 0);
    const [socket] = server.sockets;
    for (let n = 0; n < 60; n++) server.send(picture(n, [nal(5, { bytes: 500_000 })]));
    await until('the camera to wait', () => socket!.writableLength > 10_000_000);
    // Silence is not what this is.
    for (let n = 0; n < 40; n++) await clock.advance(1_000);
    const stuck = socket!.writableLength;
    expect(stuck).toBeGreaterThan(10_000_000);
    const reading = setInterval(() => {
      for (const resolve of waiting.splice(0)) resolve();
    }, 1);
    await until('the rest to be read', () => socket!.writableLength === 0);
    clearInterval(reading);
  });

  it('ends with what its sink throws', async () => {
    const thrown = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    const errors = [thrown];
    const unit = () => {
      const error = errors.shift();
      if (error) throw error;
      return undefined;
    };
    await play((asked) => ordinary(asked), { sink: { unit } });
    await until('PLAY', () => server.methods.includes('PLAY'));
    server.send(Buffer.concat([picture(0, [key]), picture(6_000, [other])]));
    expect(await playing).toBe(thrown);
  });
});

describe('signing in', () => {
  it('signs with the nonce it is given, and with the next when the camera changes it in the middle of the session', async () => {
    let nonce = 'first';
    await play(guarded(() => nonce));
    await until(
      'PLAY',
      () => server.methods.includes('PLAY') && server.asked.at(-1)!.headers.authorization !== undefined,
    );
    nonce = 'second';
    const feeding = setInterval(() => server.send(picture(0, [key])), 5);
    await until('a sign of life', () =>
      server.asked.some(
        ({ method, headers }) => method === 'GET_PARAMETER' && headers.authorization?.includes('second'),
      ),
    );
    clearInterval(feeding);
  });

  it('tries again once more when the nonce was too old already', async () => {
    await play(guarded((count) => `n${Math.min(count, 2)}`, ', stale=true'));
    await until('PLAY', () => server.methods.includes('PLAY'));
  });

  it.each([
    [
      'the password is wrong',
      guarded(
        () => 'n',
        '',
        () => false,
      ),
      3,
    ],
    [
      'the password is wrong and each refusal has a new nonce',
      guarded(
        (count) => `n${count}`,
        '',
        () => false,
      ),
      3,
    ],
    [
      'every nonce is said to be too old',
      guarded(
        (count) => `n${count}`,
        ', stale=true',
        () => false,
      ),
      4,
    ],
  ])('gives up when %s', async (_, script, requests) => {
    expect(await failure(script)).toMatchObject({ code: 'sign-in-refused', kind: 'permanent' });
    // OPTIONS, then DESCRIBE unsigned and signed: more tries may lock the account.
    expect(server.asked).toHaveLength(requests);
  });

  it('gives up at once where it has no password, or may not enter', async () => {
    expect(
      await failure(
        guarded(() => 'n'),
        { signIn: false },
      ),
    ).toMatchObject({ code: 'sign-in-refused' });
    expect(server.asked).toHaveLength(2);
    await server.stop();
    expect(await failure(() => ({ status: '403 Forbidden' }))).toMatchObject({ code: 'sign-in-refused' });
  });
});

describe('what a camera may answer instead', () => {
  const to = (method: string, answer: ReturnType<Script>) => (asked: Asked) =>
    asked.method === method ? answer : ordinary(asked);
  const audio = `${H264_SDP}m=audio 0 RTP/AVP 0\r\na=control:track2\r\n`;

  it.each<[string, Script, Partial<Failure>]>([
    ['no such stream', to('DESCRIBE', { status: '404 Not Found' }), { code: 'stream-invalid' }],
    [
      'somewhere else',
      to('DESCRIBE', { status: '302 Moved', headers: { Location: 'rtsp://10.0.0.1/' } }),
      { code: 'stream-invalid' },
    ],
    [
      'too many viewers',
      to('SETUP', { status: '453 Not Enough Bandwidth' }),
      { code: 'unreachable', kind: 'transient' },
    ],
    ['a fault of its own', to('PLAY', { status: '500 Internal Server Error' }), { code: 'unreachable' }],
    [
      'a description of gigabytes',
      to('DESCRIBE', { raw: 'RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: 9999999999\r\n\r\n' }),
      { code: 'stream-invalid' },
    ],
    [
      'one channel for two tracks',
      (asked) =>
        asked.method === 'SETUP'
          ? { headers: { Session: 'x', Transport: 'RTP/AVP/TCP;interleaved=0-1' } }
          : ordinary(
              asked,
              audio
                .replace('RTP/AVP 0', 'RTP/AVP 97')
                .concat(
                  'a=rtpmap:97 mpeg4-generic/16000/1\r\na=fmtp:97 mode=AAC-hbr;config=1408;sizelength=13;indexlength=3;indexdeltalength=3\r\n',
                ),
            ),
      { code: 'stream-invalid' },
    ],
  ])('%s is a failure with its code', async (_, script, expected) => {
    expect(await failure(script)).toMatchObject(expected);
    await until('the connection to be closed', () => server.sockets.size === 0);
  });

  it.each<[string, Script]>([
    ['nothing over TCP', to('SETUP', { status: '461 Unsupported Transport' })],
    ['nothing over TCP', to('SETUP', { headers: { Session: 'x', Transport: 'RTP/AVP;unicast;client_port=1-2' } })],
    ['sound as PCMU', (asked) => ordinary(asked, audio)],
    ['no pictures', to('DESCRIBE', { body: 'v=0\r\n' })],
  ])('%s is for another program', async (words, script) => {
    const error = await failure(script);
    expect(error).toBeInstanceOf(UnsupportedStream);
    expect(error.message).toContain(words);
  });

  it.each(['OPTIONS', 'DESCRIBE', 'SETUP', 'PLAY'])(
    'nothing at all to %s is a camera that cannot be reached',
    async (method) => {
      await play(to(method, undefined));
      expect(await playing).toMatchObject({ code: 'unreachable', kind: 'transient' });
    },
  );

  it('nothing, and the stream is no longer wanted: that ends it at once', async () => {
    await play(() => undefined, { moving: false });
    await until('a request', () => server.asked.length > 0);
    stop.abort();
    expect(await playing).toBeUndefined();
  });

  it('a refusal of its own never holds the password', async () => {
    const error = await failure(
      guarded(
        () => 'n',
        '',
        () => false,
      ),
      { path: '?password=CANARY' },
    );
    expect(JSON.stringify([error.message, error.hint, error.stack])).not.toContain('CANARY');
  });
});
