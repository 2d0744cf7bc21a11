import { execFileSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { accessUnits, HEVC_NAL, hevcNalType, NAL, nalType, splitNals } from '../../lib/simulator/annexb.js';
import type { VideoCodec } from '../../lib/simulator/device-settings.js';
import { packetiseVideo, writePackets } from '../../lib/simulator/rtp.js';
import { ordinary, ScriptedRtsp } from './scripted-rtsp.js';

export interface ClipCameraOptions {
  codec?: VideoCodec;
  /** Whether the description has the parameter sets; in the stream they are in any case. Default true. */
  described?: boolean;
  sequence?: number;
  timestamp?: number;
  /** Bytes written at a time; default all of a picture. */
  chunk?: number;
  /** Sound beside the pictures: G.726 of 32 kbit/s, as RFC 3551 packs it. */
  g726?: Buffer;
}

/** 40 ms of it, the time of one picture. */
const G726_BYTES = 160;
const G726_TICKS = 320;

/** Encodes a clip in which no two pictures are alike; one keyframe a second, 25 pictures. */
export function encodeVideo(file: string, seconds: number, size: string, ...coding: string[]): void {
  const source = ['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=25,noise=alls=8:allf=t`];
  const args = ['-t', String(seconds), '-g', '25', '-pix_fmt', 'yuv420p', ...coding, file];
  execFileSync('ffmpeg', ['-v', 'error', '-y', ...source, ...args]);
}

export interface SourcePicture {
  nals: Buffer[];
  /** When it is shown, seconds. */
  shown: number;
}

/** The pictures of an MP4 in the order of decoding. */
export function readPictures(file: string, codec: VideoCodec): SourcePicture[] {
  const name = codec === 'H264' ? 'h264' : 'hevc';
  const convert = ['-v', 'error', '-i', file, '-c', 'copy', '-bsf:v', `${name}_mp4toannexb`, '-f', name, '-'];
  const units = accessUnits(splitNals(execFileSync('ffmpeg', convert, { maxBuffer: 2 ** 28 })), codec);
  const probe = ['-v', 'error', '-select_streams', 'v', '-show_entries', 'packet=pts_time', '-of', 'csv=p=0', file];
  const times = execFileSync('ffprobe', probe, { encoding: 'utf8' }).trim().split('\n').map(Number.parseFloat);
  if (times.length !== units.length) throw new Error(`${units.length} pictures with ${times.length} times`);
  return units.map(({ nals }, index) => ({ nals, shown: times[index]! }));
}

/**
 * Plays pictures once to its one client, from the first, and anew to one that comes later, never faster than they were made; then hangs up. What a busy machine held
 * up is not made up for: all pictures at once would belong to one moment, and into one file.
 */
export async function playClip(
  pictures: readonly SourcePicture[],
  { codec = 'H264', described = true, sequence = 0, timestamp = 0, chunk = 0, g726 }: ClipCameraOptions,
): Promise<ScriptedRtsp> {
  const sdp = describe(pictures[0]!.nals, codec, described) + (g726 ? G726_SDP : '');
  let plays = 0;
  return await ScriptedRtsp.start((asked, server) => {
    if (asked.method === 'PLAY') void play(server, ++plays);
    return ordinary(asked, sdp);
  });

  async function play(server: ScriptedRtsp, number: number): Promise<void> {
    let next = sequence;
    for (const [index, { nals, shown }] of pictures.entries()) {
      await delay(40);
      if (number !== plays) return;
      if (g726) server.send(sound(g726.subarray(index * G726_BYTES, (index + 1) * G726_BYTES), index));
      const block = packetiseVideo(nals, codec);
      const bytes = Buffer.alloc(block.bytes.length);
      const header = { channel: 0, sequence: next, timestamp: (timestamp + Math.round(shown * 90_000)) >>> 0, ssrc: 9 };
      writePackets(block, bytes, 0, header);
      next = (next + block.starts.length) & 0xffff;
      for (let at = 0; at < bytes.length; at += chunk || bytes.length) {
        server.send(bytes.subarray(at, at + (chunk || bytes.length)));
        // The next turn of the event loop: otherwise the system makes one piece of them again.
        if (chunk) await delay(0);
      }
    }
    await delay(40);
    server.endAll();
  }
}

const G726_SDP = 'm=audio 0 RTP/AVP 97\r\na=rtpmap:97 G726-32/8000\r\na=control:track2\r\n';

/** One packet on the second track's channel. */
function sound(payload: Buffer, index: number): Buffer {
  const head = Buffer.alloc(16);
  head.writeUInt16BE(0x2402, 0);
  head.writeUInt16BE(12 + payload.length, 2);
  head.writeUInt16BE(0x8061, 4);
  head.writeUInt16BE(index & 0xffff, 6);
  head.writeUInt32BE(index * G726_TICKS, 8);
  head.writeUInt32BE(11, 12);
  return Buffer.concat([head, payload]);
}

function describe(nals: readonly Buffer[], codec: VideoCodec, described: boolean): string {
  const of = (type: number) => nals.find((nal) => (codec === 'H264' ? nalType(nal) : hevcNalType(nal)) === type)!;
  const base64 = (type: number) => of(type).toString('base64');
  const sets =
    codec === 'H264'
      ? `sprop-parameter-sets=${base64(NAL.sps)},${base64(NAL.pps)}`
      : `sprop-vps=${base64(HEVC_NAL.vps)};sprop-sps=${base64(HEVC_NAL.sps)};sprop-pps=${base64(HEVC_NAL.pps)}`;
  const mode = codec === 'H264' ? ['packetization-mode=1'] : [];
  const parameters = [...mode, ...(described ? [sets] : [])].join(';');
  return [
    ...['v=0', 'o=- 0 0 IN IP4 127.0.0.1', 's=clip', 'c=IN IP4 0.0.0.0', 't=0 0', 'a=control:*'],
    ...['m=video 0 RTP/AVP 96', `a=rtpmap:96 ${codec}/90000`, ...(parameters ? [`a=fmtp:96 ${parameters}`] : [])],
    ...['a=control:track1', ''],
  ].join('\r\n');
}
