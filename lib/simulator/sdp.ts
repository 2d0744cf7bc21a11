import type { Clip } from './clip.js';
import { VIDEO_CLOCK_HZ } from './feed.js';
import { PAYLOAD_TYPE } from './rtp.js';

export type TrackName = 'video' | 'audio';

/** The path of each track below its stream's, as `a=control` has it. */
export const CONTROL: Record<TrackName, string> = { video: 'track1', audio: 'track2' };

/** The session description of a clip (RFC 4566, 6184, 7798, 3640). */
export function describeClip(clip: Clip, name: string, withSound = true): string {
  const { spec, audio } = clip;
  const [video, sound] = [PAYLOAD_TYPE.video, PAYLOAD_TYPE.audio];
  const lines = [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    `s=${name}`,
    'c=IN IP4 0.0.0.0',
    't=0 0',
    'a=control:*',
    'a=range:npt=now-',
    `m=video 0 RTP/AVP ${video}`,
    `a=rtpmap:${video} ${spec.codec ?? 'H264'}/${VIDEO_CLOCK_HZ}`,
    `a=fmtp:${video} ${parameterSets(clip)}`,
    `a=framerate:${spec.fps}`,
    `a=control:${CONTROL.video}`,
  ];
  const second = [
    `m=audio 0 RTP/AVP ${sound}`,
    `a=rtpmap:${sound} mpeg4-generic/${audio.sampleRate}/${audio.channels}`,
    `a=fmtp:${sound} streamtype=5;profile-level-id=1;mode=AAC-hbr;config=${audio.config.toString('hex')};sizelength=13;indexlength=3;indexdeltalength=3`,
    `a=control:${CONTROL.audio}`,
  ];
  return `${[...lines, ...(withSound ? second : [])].join('\r\n')}\r\n`;
}

function parameterSets({ vps, sps, pps }: Clip): string {
  const text = (nal: Buffer) => nal.toString('base64');
  if (vps) return `sprop-vps=${text(vps)};sprop-sps=${text(sps)};sprop-pps=${text(pps)}`;
  const sets = [sps, pps].map(text).join(',');
  return `packetization-mode=1;profile-level-id=${sps.toString('hex', 1, 4)};sprop-parameter-sets=${sets}`;
}
