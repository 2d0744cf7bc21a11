import type { Reception } from './rtp-receiver.js';

const SENDER_REPORT = 200;
const RECEIVER_REPORT = 201;
const SOURCE_DESCRIPTION = 202;
const GOODBYE = 203;

/** What a sender says of its clocks: one moment on both (RFC 3550 §6.4.1). */
export interface ClockReport {
  /** Seconds of NTP time, whatever its beginning: only differences count. */
  wallSeconds: number;
  timestamp: number;
}

/** The sender report in a compound packet; undefined if there is none, or its clock was never set. */
export function readClockReport(bytes: Buffer, from: number, to: number): ClockReport | undefined {
  for (let at = from; at + 4 <= to; ) {
    const end = at + 4 + bytes.readUInt16BE(at + 2) * 4;
    if (bytes[at]! >> 6 !== 2 || end > to) return undefined;
    if (bytes[at + 1] === SENDER_REPORT && end - at >= 28) {
      const wallSeconds = bytes.readUInt32BE(at + 8) + bytes.readUInt32BE(at + 12) / 2 ** 32;
      return wallSeconds > 0 ? { wallSeconds, timestamp: bytes.readUInt32BE(at + 16) } : undefined;
    }
    at = end;
  }
  return undefined;
}

/** Whether a compound packet says that its source ends (RFC 3550 §6.6). */
export function saysBye(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at + 4 <= to; at += 4 + bytes.readUInt16BE(at + 2) * 4) {
    if (bytes[at]! >> 6 !== 2) return false;
    if (bytes[at + 1] === GOODBYE) return true;
  }
  return false;
}

const NAME = Buffer.from('nvr-uplink');

/**
 * Some servers close a session whose receiver never reports. Jitter and the delay since the last report are left at zero: nobody
 * adapts to them.
 */
export function receiverReport(ourSsrc: number, { ssrc, highest, lost }: Reception): Buffer {
  const description = Math.ceil((8 + 2 + NAME.length + 1) / 4) * 4;
  const bytes = Buffer.alloc(32 + description);
  bytes.writeUInt16BE(0x8100 | RECEIVER_REPORT, 0);
  bytes.writeUInt16BE(7, 2);
  bytes.writeUInt32BE(ourSsrc, 4);
  bytes.writeUInt32BE(ssrc, 8);
  bytes.writeUInt32BE(Math.min(lost, 0x7fffff), 12);
  bytes.writeUInt32BE(highest, 16);
  const at = 32;
  bytes.writeUInt16BE(0x8100 | SOURCE_DESCRIPTION, at);
  bytes.writeUInt16BE((bytes.length - at) / 4 - 1, at + 2);
  bytes.writeUInt32BE(ourSsrc, at + 4);
  bytes[at + 8] = 1;
  bytes[at + 9] = NAME.length;
  NAME.copy(bytes, at + 10);
  return bytes;
}

/** A report as it goes between the messages. */
export function interleaved(channel: number, report: Buffer): Buffer {
  const head = Buffer.from([0x24, channel, report.length >> 8, report.length & 0xff]);
  return Buffer.concat([head, report]);
}
