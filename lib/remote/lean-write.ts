import { randomFillSync } from 'node:crypto';
import type { SFTPWrapper } from 'ssh2';

/** What is used here of ssh2's inside; `test/unit/lean-write.test.ts` notices when that changes. */
interface Channel {
  outgoing?: { id: number; state: string; window: number; packetSize: number };
  /** What waits for the window to open. */
  _buffer?: Buffer[];
  _requests?: Record<number, { cb: (error?: Error) => void }>;
  _writeReqid?: number;
  _protocol?: { _cipher?: Cipher; channelData?(id: number, data: Buffer): void };
}

interface Cipher {
  constructor: { name: string };
  /** A packet to be filled in, and encrypted before anything else happens. */
  allocPacket?(payloadBytes: number): Buffer;
  _onWrite?(data: Buffer): void;
}

type Inside = { [Part in keyof Channel]-?: NonNullable<Channel[Part]> };

/** WRITE, and the number of a request, in 32 bits as ssh2 counts. */
const WRITE = 6;
const NUMBERS = 2 ** 32 - 1;

/** Any server takes so much in one packet (RFC 4253, section 6.1); who asks for more may have said what it never was sent. */
const PACKET = 32_768;

/** The largest packet with all that is around it. */
const ROOM = 36_000;

/** Asking the system for each packet's padding costs as much as a third of encrypting it. */
const PADDING_BYTES = 8_192;

/** The cipher that leaves what it encrypts as it was, and is done with it. */
const REUSING = 'AESGCMCipherNative';

/**
 * ssh2's `write`, without two of the three copies of each chunk that it leaves to be collected: packets are put together
 * in the same memory each time, and bytes copied to them from where they are. 200 MB otherwise leave 600 MB behind, and a process grows by 15 MB before they are looked for.
 * What ssh2 would have to keep waiting it gets itself, as it gets all where it looks different inside.
 * `hold` is called before anything is handed to the socket: what had to wait for the window goes out beside our own writes, and
 * the four bytes of its length would be a packet of the network.
 */
export function leanWrite(channel: SFTPWrapper, hold: () => void): SFTPWrapper['write'] {
  const plain = channel.write.bind(channel);
  const inside = channel as unknown as Channel;
  if (!isAsExpected(inside)) return plain;
  inside.outgoing.packetSize = Math.min(inside.outgoing.packetSize, PACKET);
  const request = Buffer.allocUnsafeSlow(ROOM);
  let reusing: Cipher | undefined;
  return (handle, block, at, length, position, done) => {
    const { outgoing, _buffer, _protocol } = inside;
    const bytes = 25 + handle.length + length;
    const { packetSize } = outgoing;
    const fits = outgoing.window > bytes && packetSize > bytes - length;
    if (!fits || outgoing.state !== 'open' || _buffer.length > 0)
      return plain(handle, block, at, length, position, done);
    // Another one after each exchange of keys.
    if (_protocol._cipher !== reusing) {
      reusing = _protocol._cipher;
      reusePacket(reusing, hold);
    }
    inside._writeReqid = (inside._writeReqid + 1) & NUMBERS;
    inside._requests[inside._writeReqid] = { cb: (error) => done?.(error) };
    const head = fill(request, inside._writeReqid, handle, position, length);
    outgoing.window -= bytes;
    let sent = Math.min(length, packetSize - head);
    block.copy(request, head, at, at + sent);
    _protocol.channelData?.(outgoing.id, request.subarray(0, head + sent));
    while (sent < length) {
      const next = Math.min(length, sent + packetSize);
      _protocol.channelData?.(outgoing.id, block.subarray(at + sent, at + next));
      sent = next;
    }
  };
}

function isAsExpected(channel: Channel): channel is Inside {
  const { outgoing, _buffer, _requests, _writeReqid, _protocol } = channel;
  return !!outgoing && !!_buffer && !!_requests && _writeReqid !== undefined && !!_protocol?.channelData;
}

/** All that goes before the bytes: length, type, number, handle, offset, their length. Returns where they begin. */
function fill(request: Buffer, number: number, handle: Buffer, position: number, length: number): number {
  request.writeUInt32BE(21 + handle.length + length, 0);
  request[4] = WRITE;
  request.writeInt32BE(number | 0, 5);
  request.writeUInt32BE(handle.length, 9);
  handle.copy(request, 13);
  request.writeBigUInt64BE(BigInt(position), 13 + handle.length);
  request.writeUInt32BE(length, 21 + handle.length);
  return 25 + handle.length;
}

function reusePacket(cipher: Cipher | undefined, hold: () => void): void {
  if (cipher?.constructor.name !== REUSING || !cipher.allocPacket || !cipher._onWrite) return;
  const memory = Buffer.allocUnsafeSlow(ROOM);
  const alloc = cipher.allocPacket.bind(cipher);
  const onWrite = cipher._onWrite.bind(cipher);
  // Its length goes out as it is, and may wait.
  cipher._onWrite = (data) => {
    hold();
    onWrite(data.buffer === memory.buffer ? Buffer.from(data) : data);
  };
  cipher.allocPacket = (payloadBytes) => {
    // To a multiple of 16 without the length, by at least 4 (RFC 5647).
    const padding = 4 + ((16 - ((1 + payloadBytes + 4) & 15)) & 15);
    const bytes = 5 + payloadBytes + padding;
    if (bytes > memory.length) return alloc(payloadBytes);
    const packet = memory.subarray(0, bytes);
    packet.writeUInt32BE(bytes - 4, 0);
    packet[4] = padding;
    return pad(packet, padding);
  };
}

const random = Buffer.allocUnsafeSlow(PADDING_BYTES);
let used = PADDING_BYTES;

/** Fills the last bytes with random ones, each of which is used once. */
function pad(packet: Buffer, bytes: number): Buffer {
  if (used + bytes > PADDING_BYTES) {
    randomFillSync(random);
    used = 0;
  }
  random.copy(packet, packet.length - bytes, used, used + bytes);
  used += bytes;
  return packet;
}
