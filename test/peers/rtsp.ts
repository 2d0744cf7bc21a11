import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('./gst-rtsp-server.py', import.meta.url));

/** GStreamer's RTSP server, streaming one clip from its beginning to each client. */
export interface RtspServer {
  url: string;
  stop(): Promise<void>;
}

export async function serveClip(file: string, account?: { username: string; password: string }): Promise<RtspServer> {
  const args = account ? [account.username, account.password] : [];
  // Debian's own Python: one from elsewhere does not see Debian's GStreamer bindings.
  const child = spawn('/usr/bin/python3', [SCRIPT, file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return {
    url: `rtsp://127.0.0.1:${port}/clip`,
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

/** MD5 of each packet of one stream, container framing and parameter sets aside: the same bytes in MP4 and over RTSP. */
export function packetHashes(file: string, stream: 'v' | 'a'): string[] {
  const bitstream = stream === 'v' ? ['-bsf:v', 'h264_mp4toannexb,filter_units=pass_types=1-5'] : [];
  const args = ['-v', 'error', '-i', file, '-map', `0:${stream}:0`, '-c', 'copy', ...bitstream];
  const output = execFileSync('ffmpeg', [...args, '-f', 'framehash', '-hash', 'md5', '-'], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  return output
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(',').at(-1)!.trim());
}
