import { percentEncode } from '../redact.js';

/** A stream and what is needed to open it. Credentials travel apart from the URL so that they are never printed. */
export interface RtspSource {
  /** `rtsp://host:port/path`, or `rtsps://`, without credentials. */
  url: string;
  /** Of the camera, for `rtsps://`. */
  certificate?: string;
  /** Default `tcp`. */
  transport?: 'tcp' | 'udp';
  username?: string;
  password?: string;
}

/** For `-i pipe:0` below: what ffmpeg must be told to read a list of one stream from standard input. */
export const RTSP_INPUT = [
  '-f',
  'concat',
  '-safe',
  '0',
  '-protocol_whitelist',
  'pipe,rtsp,rtp,tcp,udp',
  '-i',
  'pipe:0',
];

/**
 * The stream as ffmpeg reads it from standard input: a list of one URL. Credentials in argv would be readable by every
 * user of the machine (frigate#3145). `rtsps://` goes through `relayTls` first. `timeoutUs`: how long ffmpeg waits for a camera that sends nothing at all.
 */
export function rtspInput(source: RtspSource, timeoutUs: number): string {
  return [
    'ffconcat version 1.0',
    `file '${urlWithCredentials(source)}'`,
    `option rtsp_transport ${source.transport ?? 'tcp'}`,
    // Nothing is written while ffmpeg counts frames to guess a rate that nobody asks for: up to five seconds.
    'option fpsprobesize 0',
    `option timeout ${timeoutUs}`,
    '',
  ].join('\n');
}

function urlWithCredentials({ url, username, password }: RtspSource): string {
  const bare = url.replaceAll("'", '%27');
  if (username === undefined) return bare;
  const userinfo = `${percentEncode(username)}:${percentEncode(password ?? '')}`;
  return bare.replace('://', `://${userinfo}@`);
}
