import { describe, expect, it } from 'vitest';
import { InterleavedReader } from '../../../lib/rtsp/interleaved.js';
import { MAX_BODY, MAX_HEAD, type RtspMessage } from '../../../lib/rtsp/message.js';

/** Everything a reader found, as text that can be compared. */
class Found {
  readonly items: string[] = [];
  readonly messages: RtspMessage[] = [];
  readonly reader = new InterleavedReader({
    packet: (channel, bytes, from, to) => this.items.push(`${channel}:${bytes.toString('hex', from, to)}`),
    message: (message) => {
      this.messages.push(message);
      this.items.push(`${message.first}|${message.headers.get('cseq')}|${message.body}`);
    },
  });

  constructor() {
    for (const channel of [0, 1, 2, 3]) this.reader.use(channel);
  }

  /** In chunks of these sizes, as a socket that uses its memory again gives them. */
  read(stream: Buffer, ...sizes: number[]): this {
    const chunk = Buffer.alloc(70_000);
    for (let at = 0, n = 0; at < stream.length; n++) {
      const length = Math.min(sizes[n % sizes.length]!, stream.length - at);
      chunk.fill(0xcc);
      stream.copy(chunk, 0, at, at + length);
      this.reader.push(chunk, length);
      at += length;
    }
    return this;
  }
}

function packet(channel: number, size: number, fill: number): Buffer {
  const rtp = Buffer.alloc(size, fill);
  rtp[0] = 0x80;
  return Buffer.concat([Buffer.from([0x24, channel, size >> 8, size & 0xff]), rtp]);
}
const reply = (cseq: number, body = '') =>
  Buffer.from(
    `RTSP/1.0 200 OK\r\nCSeq: ${cseq}\r\n${body ? `Content-Length: ${Buffer.byteLength(body)}\r\n` : ''}\r\n${body}`,
  );

const STREAM = Buffer.concat([
  ...[reply(1), reply(2, 'v=0\r\ns=$é\r\n'), packet(0, 40, 1), packet(1, 28, 0x24), reply(3), packet(2, 12, 0x52)],
  ...[Buffer.from('\r\n'), reply(4, 'x'), packet(0, 300, 3)],
]);

describe('packets and messages on one connection', () => {
  const whole = new Found().read(STREAM, STREAM.length).items;

  it('are told apart', () => {
    expect(whole).toHaveLength(8);
    expect(whole.filter((item) => item.startsWith('200 OK'))).toEqual([
      '200 OK|1|',
      '200 OK|2|v=0\r\ns=$é\r\n',
      '200 OK|3|',
      '200 OK|4|x',
    ]);
  });

  it('are the same wherever the stream is cut into chunks', () => {
    for (let cut = 1; cut < STREAM.length; cut++) {
      const found = new Found().read(STREAM, cut, STREAM.length);
      expect(found.items).toEqual(whole);
      expect(found.reader.garbage).toBe(0);
    }
    for (const size of [1, 2, 3, 5, 7, 64]) expect(new Found().read(STREAM, size).items).toEqual(whole);
  });

  it('are found again after what is neither, wherever the chunks end', () => {
    // With what might be packets: one on a channel nobody uses, one of another version, one of neither.
    const lures = [
      [0x24, 9, 0, 60, 0x80, 0x60],
      [0x24, 0, 0, 60, 0x10, 0x60],
      [0x52, 0x54, 0x24],
    ];
    const rest = Buffer.concat([Buffer.alloc(40, 0xab), ...lures.map((lure) => Buffer.from([...lure, 0xab, 0xab]))]);
    const items = [packet(0, 20, 1), packet(2, 30, 2), reply(9)];
    const stream = Buffer.concat([items[0]!, rest, items[1]!, Buffer.from([0, 1]), items[2]!]);
    const expected = items.map((item) => new Found().read(item, item.length).items[0]);
    for (let size = 1; size < 90; size++) {
      const found = new Found().read(stream, size);
      expect(found.items).toEqual(expected);
      expect(found.reader.garbage).toBe(rest.length + 2);
    }
  });

  it('a packet on a channel nobody asked for is passed over, and the next one found', () => {
    const stream = Buffer.concat([packet(7, 50, 1), packet(0, 20, 2)]);
    expect(new Found().read(stream, 11).items.map((item) => item.slice(0, 2))).toEqual(['7:', '0:']);
  });

  it('reads heads as cameras write them', () => {
    const { messages } = new Found().read(
      Buffer.from(
        'RTSP/1.0  401  Unauthorized\nCSEQ : 5\nWWW-Authenticate: Basic realm="x"\nwww-authenticate: Digest a=1,\n b=2\nodd\n\n',
      ),
      3,
    );
    expect(messages[0]!.status).toBe(401);
    expect(messages[0]!.headers.get('cseq')).toEqual(['5']);
    expect(messages[0]!.headers.get('www-authenticate')).toEqual(['Basic realm="x"', 'Digest a=1, b=2']);
  });

  it('takes a request of the server for what it is', () => {
    const { messages } = new Found().read(Buffer.from('SET_PARAMETER rtsp://x/y RTSP/1.0\r\nCSeq: 3\r\n\r\n'), 5);
    expect(messages).toMatchObject([{ status: undefined, first: 'SET_PARAMETER rtsp://x/y RTSP/1.0' }]);
  });

  it('refuses a body nobody could mean, and gives up on a head without end', () => {
    const huge = Buffer.from(`RTSP/1.0 200 OK\r\nContent-Length: ${MAX_BODY + 1}\r\n\r\n`);
    expect(() => new Found().read(huge, huge.length)).toThrow('body of');
    expect(() => new Found().read(Buffer.from('RTSP/1.0 200 OK\r\nContent-Length: -5\r\n\r\n'), 9)).toThrow('"-5"');
    const endless = Buffer.concat([Buffer.from('RTSP/1.0 200 OK\r\n'), Buffer.alloc(MAX_HEAD, 'x'), packet(0, 20, 1)]);
    const found = new Found().read(endless, 1_000);
    expect(found.items).toEqual([`0:80${'01'.repeat(19)}`]);
    expect(found.reader.garbage).toBe(endless.length - 24);
  });
});
