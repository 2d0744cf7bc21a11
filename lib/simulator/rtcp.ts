/** What a sender report says of one track (RFC 3550 §6.4.1). */
export interface SenderReport {
  channel: number;
  ssrc: number;
  /** Wall time, milliseconds since 1970; fractions count. */
  wallMs: number;
  /** The same moment on the track's RTP clock. */
  timestamp: number;
  packets: number;
  octets: number;
}

/** Seconds between the NTP era of 1900 and 1970. */
const NTP_1970 = 2_208_988_800;

const SENDER_REPORT = 200;
const SOURCE_DESCRIPTION = 202;
const CNAME = 'camera';

/** Bytes that {@link writeSenderReport} takes. */
export const SENDER_REPORT_BYTES = 4 + 28 + 20;

/** Writes a compound packet, sender report then CNAME, as it goes over TCP. Returns the offset after it. */
export function writeSenderReport(target: Buffer, offset: number, report: SenderReport): number {
  const { channel, ssrc, wallMs, timestamp, packets, octets } = report;
  target.fill(0, offset, offset + SENDER_REPORT_BYTES);
  target.writeUInt16BE(0x2400 | channel, offset);
  target.writeUInt16BE(SENDER_REPORT_BYTES - 4, offset + 2);
  const sender = offset + 4;
  target.writeUInt16BE(0x8000 | SENDER_REPORT, sender);
  target.writeUInt16BE(6, sender + 2);
  target.writeUInt32BE(ssrc, sender + 4);
  const { seconds, fraction } = ntpOf(wallMs);
  target.writeUInt32BE(seconds, sender + 8);
  target.writeUInt32BE(fraction, sender + 12);
  target.writeUInt32BE(timestamp, sender + 16);
  target.writeUInt32BE(packets >>> 0, sender + 20);
  target.writeUInt32BE(octets >>> 0, sender + 24);
  const source = sender + 28;
  target.writeUInt16BE(0x8100 | SOURCE_DESCRIPTION, source);
  target.writeUInt16BE(4, source + 2);
  target.writeUInt32BE(ssrc, source + 4);
  target[source + 8] = 1;
  target[source + 9] = CNAME.length;
  target.write(CNAME, source + 10, 'latin1');
  return offset + SENDER_REPORT_BYTES;
}

/** Both halves of an NTP time. */
export function ntpOf(wallMs: number): { seconds: number; fraction: number } {
  const seconds = Math.floor(wallMs / 1000);
  return { seconds: (seconds + NTP_1970) >>> 0, fraction: Math.floor(((wallMs - seconds * 1000) / 1000) * 2 ** 32) };
}

/** Says that a source ends (RFC 3550 §6.6), as it goes over TCP. */
export function writeBye(channel: number, ssrc: number): Buffer {
  const bytes = Buffer.from([0x24, channel, 0, 8, 0x81, 203, 0, 1, 0, 0, 0, 0]);
  bytes.writeUInt32BE(ssrc, 8);
  return bytes;
}
