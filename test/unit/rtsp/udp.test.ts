import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../lib/clock.js';
import type { Failure } from '../../../lib/errors.js';
import type { AccessUnit } from '../../../lib/rtsp/access-unit.js';
import { ReadTurns } from '../../../lib/rtsp/read-turns.js';
import { RtspStream } from '../../../lib/rtsp/stream.js';
import { packetiseH264, writePackets } from '../../../lib/simulator/rtp.js';
import { until } from '../../peers/until.js';
import { type Asked, ordinary, ScriptedRtsp } from '../../simulators/scripted-rtsp.js';
import { nal } from './units.js';

let server: ScriptedRtsp;
let sender: Socket;
let stop: AbortController;
let playing: Promise<Failure | undefined>;
let stream: RtspStream;
let units: AccessUnit[];
/** What came to the camera's own port. */
let heard: Buffer[];
let port: number;

afterEach(async () => {
  stop.abort();
  await playing;
  await server.stop();
  sender.close();
});

/** A camera that sends by UDP what it is told to. `transport`: its reply to SETUP, after what is usual. */
async function play(transport = (asked: Asked, own: number) => `${asked.headers.transport};server_port=${own}-${own}`) {
  heard = [];
  units = [];
  sender = createSocket('udp4').bind(0, '127.0.0.1');
  await once(sender, 'listening');
  sender.on('message', (bytes) => heard.push(bytes));
  const own = sender.address().port;
  server = await ScriptedRtsp.start((asked) => {
    if (asked.method !== 'SETUP') return ordinary(asked);
    port = Number(/client_port=(\d+)/.exec(asked.headers.transport!)?.[1]);
    const said = transport(asked, own);
    if (/^\d{3} /.test(said)) return { status: said };
    return { headers: { Session: 'x', Transport: said } };
  });
  stop = new AbortController();
  stream = new RtspStream({
    ...{ url: server.url, audio: false, transport: 'udp', clock: systemClock, turns: new ReadTurns(systemClock, 20) },
    silentMs: 20_000,
    sink: {
      begin: () => undefined,
      unit: (unit) => {
        units.push({ ...unit, data: Buffer.from(unit.data) });
        return undefined;
      },
    },
  });
  playing = stream.play(stop.signal).then(
    () => undefined,
    (error: Failure) => error,
  );
}

/** The datagrams of one picture. */
function datagrams(timestamp: number, sequence: number, ...nals: Buffer[]): Buffer[] {
  const block = packetiseH264(nals);
  const bytes = Buffer.alloc(block.bytes.length);
  writePackets(block, bytes, 0, { channel: 0, sequence, timestamp, ssrc: 7 });
  return block.starts.map((start, n) => Buffer.from(bytes.subarray(start + 4, block.starts[n + 1])));
}
const send = async (list: readonly Buffer[], from = sender) => {
  for (const bytes of list) await new Promise<void>((done) => from.send(bytes, port, '127.0.0.1', () => done()));
};
const key = nal(5, { bytes: 5_000 });
const other = nal(1, { bytes: 900 });

describe('a stream by UDP', () => {
  it('asks for it, opens the way, and puts its packets in order', async () => {
    await play();
    await until('PLAY', () => server.methods.includes('PLAY'));
    expect(server.asked[2]!.headers.transport).toMatch(/^RTP\/AVP;unicast;client_port=(\d+)-(\d+)$/);
    await until('our own packets', () => heard.length >= 2);
    const [first, ...rest] = datagrams(0, 10, key);
    const more = datagrams(6_000, 11 + rest.length, other);
    await send([first!, ...more, ...rest.reverse(), ...datagrams(12_000, 12 + rest.length, other)]);
    await until('pictures', () => units.length >= 2);
    expect(units[0]!.data.subarray(4)).toEqual(key);
    expect(units.map(({ dts, afterLoss }) => [dts, afterLoss])).toEqual([
      [0, false],
      [6_000, false],
    ]);
    expect(stream.report).toMatchObject({ lost: 0, late: 0, torn: 0 });
  });

  it('counts what is lost, leaves out what it belonged to, marks what follows, and goes on', async () => {
    await play();
    await until('PLAY', () => server.methods.includes('PLAY'));
    const keyed = datagrams(0, 10, key);
    const torn = datagrams(6_000, 10 + keyed.length, nal(1, { bytes: 4_000 }));
    let next = 10 + keyed.length + torn.length;
    await send([...keyed, ...torn.filter((_, n) => n !== 1)]);
    for (let n = 2; n < 160; n++) await send(datagrams(n * 6_000, next++, other));
    await until('pictures', () => units.length > 20);
    expect(stream.report).toMatchObject({ lost: 1, torn: 1 });
    expect(units.slice(0, 3).map(({ dts, afterLoss }) => [dts, afterLoss])).toEqual([
      [0, false],
      [12_000, true],
      [18_000, false],
    ]);
  });

  it('takes nothing that somebody else sends', async () => {
    await play();
    await until('PLAY', () => server.methods.includes('PLAY'));
    const stranger = createSocket('udp4').bind(0, '127.0.0.2');
    await once(stranger, 'listening');
    await send(datagrams(0, 100, key), stranger);
    stranger.close();
    await send([...datagrams(0, 10, key), ...datagrams(6_000, 14, other), ...datagrams(12_000, 15, other)]);
    await until('a picture', () => units.length >= 1);
    expect(stream.report).toMatchObject({ lost: 0, late: 0, torn: 0 });
  });

  it.each([
    ['461 Unsupported Transport', () => '461 Unsupported Transport'],
    ['a channel of the connection', () => 'RTP/AVP/TCP;interleaved=0-1'],
  ])('says what to do where the camera answers %s', async (_, transport) => {
    await play(transport);
    expect(await playing).toMatchObject({ code: 'stream-invalid', hint: expect.stringContaining('transport: udp') });
  });

  it('ends with the connection it was asked for on', async () => {
    await play();
    await until('PLAY', () => server.methods.includes('PLAY'));
    server.hangUp();
    expect(await playing).toMatchObject({ code: 'stream-ended' });
  });
});
