import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

const SCRIPT = fileURLToPath(new URL('./gst-rtsp-server.py', import.meta.url));

/** GStreamer's RTSP server, streaming one clip from its beginning to each client. */
export interface RtspServer {
  url: string;
  stop(): Promise<void>;
}

/** `pem`: a file with certificate and key; it then speaks TLS alone. */
export async function serveClip(
  file: string,
  account?: { username: string; password: string },
  pem?: string,
): Promise<RtspServer> {
  const args = account ? [account.username, account.password, ...(pem === undefined ? [] : [pem])] : [];
  // Debian's own Python: one from elsewhere does not see Debian's GStreamer bindings.
  const child = spawn('/usr/bin/python3', [SCRIPT, file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return {
    url: `${pem === undefined ? 'rtsp' : 'rtsps'}://127.0.0.1:${port}/clip`,
    async stop() {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}

/** Encodes a clip in which no two frames are alike: a moving test picture with noise, and a tone. One keyframe a second. */
export function encodeClip(
  file: string,
  seconds: number,
  audio: readonly string[] = ['-c:a', 'aac', '-b:a', '64k'],
): void {
  const video = ['-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=25,noise=alls=8:allf=t'];
  const sound = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000'];
  const encode = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '25', '-bf', '0', '-pix_fmt', 'yuv420p', ...audio];
  execFileSync('ffmpeg', ['-v', 'error', '-y', ...video, ...sound, '-t', String(seconds), ...encode, file]);
}

/** To a byte stream without parameter sets and messages. */
const SLICES = {
  H264: 'h264_mp4toannexb,filter_units=pass_types=1-5',
  H265: 'hevc_mp4toannexb,filter_units=pass_types=0-31',
};

/** MD5 of each packet of one stream, container framing and parameter sets aside: the same bytes in MP4 and over RTSP. */
export function packetHashes(file: string, stream: 'v' | 'a', codec: keyof typeof SLICES = 'H264'): string[] {
  return hashesIn(execFileSync('ffmpeg', hashArguments(file, stream, codec), { encoding: 'utf8', maxBuffer: 2 ** 26 }));
}

/** The same while other things go on. */
export async function packetHashesBeside(file: string, stream: 'v' | 'a', codec: keyof typeof SLICES = 'H264') {
  const { stdout } = await run('ffmpeg', hashArguments(file, stream, codec), { encoding: 'utf8', maxBuffer: 2 ** 26 });
  return hashesIn(stdout);
}

function hashArguments(file: string, stream: 'v' | 'a', codec: keyof typeof SLICES): string[] {
  const bitstream = stream === 'v' ? ['-bsf:v', SLICES[codec]] : [];
  const args = ['-v', 'error', '-i', file, '-map', `0:${stream}:0`, '-c', 'copy', ...bitstream];
  return [...args, '-f', 'framehash', '-hash', 'md5', '-'];
}

function hashesIn(output: string): string[] {
  return output
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(',').at(-1)!.trim());
}
