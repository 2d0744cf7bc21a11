import { Failure } from '../../../lib/errors.js';
import type { StreamSample } from '../../../lib/ffmpeg/sample.js';
import { type Check, fail, type Judgement, ok, setCommand, unknown, warn } from './check.js';
import type { CameraFacts, StreamFacts } from './facts.js';

/** For checks of what the main stream really sent. */
function byMain(judge: (seen: StreamSample, stream: StreamFacts, facts: CameraFacts) => Judgement | undefined) {
  return (facts: CameraFacts): Judgement | undefined => {
    const { main } = facts;
    return main === undefined || main.seen instanceof Failure ? undefined : judge(main.seen, main, facts);
  };
}

const main: Check = {
  id: 'main',
  title: 'main stream',
  judge({ main: stream }) {
    if (!stream)
      return fail('none', 'look for its address in the camera’s manual and give it as `streams: { main: rtsp://… }`');
    const { seen } = stream;
    if (seen instanceof Failure) return fail(seen.message, seen.hint ?? 'play the stream with another program');
    const measured = `${seen.pictures} pictures in ${seen.seconds.toFixed(1)} s`;
    if (seen.pauseSeconds <= 2) return ok(measured);
    return warn(
      `${measured}, none for ${seen.pauseSeconds.toFixed(1)} s`,
      'check the cable and how busy the network is',
    );
  },
};

const resolution: Check = {
  id: 'resolution',
  title: 'resolution',
  judge: byMain(({ width, height }, { told }, facts) => {
    const measured = `${width}x${height}`;
    if (told?.width && told.height && (told.width !== width || told.height !== height)) {
      return warn(`${measured}, the camera says ${told.width}x${told.height}`, 'restart the camera');
    }
    if (width * height >= 1280 * 720) return ok(measured);
    const fix = 'choose the largest one the camera has; faces want 1920x1080 or more';
    return warn(measured, setCommand(facts, 'resolution=1920x1080', fix));
  }),
};

const codec: Check = {
  id: 'codec',
  title: 'codec',
  judge: byMain(({ codec: name }, _stream, facts) => {
    if (name === 'h264') return ok('H.264');
    const fix = setCommand(facts, 'codec=h264', 'choose H.264');
    if (name === 'hevc') return warn('H.265: half the bits, but not every browser plays it', fix);
    return fail(`${codecName(name) || 'none'} cannot be recorded as it is`, fix);
  }),
};

const frameRate: Check = {
  id: 'fps',
  title: 'frame rate',
  judge: byMain(({ fps }, { told }, facts) => {
    const measured = `${fps.toFixed(1)} a second`;
    if (told?.fps && fps < told.fps * 0.8) {
      return warn(`${measured}, the camera says ${told.fps}`, 'in the dark cameras slow down: limit the exposure time');
    }
    if (fps >= 9.5) return ok(measured);
    return warn(measured, setCommand(facts, 'fps=15', 'choose 10 to 15 pictures a second'));
  }),
};

/** Files are cut, and lost ends counted, in groups of pictures. */
const GOP_OK_S = 4.5;
const GOP_FAIL_S = 10;

const gop: Check = {
  id: 'gop',
  title: 'keyframes',
  judge: byMain(({ keyframeSeconds, seconds }, _stream, facts) => {
    const fix = setCommand(facts, 'gop=2s', 'set the I-frame interval to twice the frame rate');
    if (keyframeSeconds.length === 0) {
      const measured = `fewer than two in ${seconds.toFixed(0)} s`;
      return seconds < GOP_FAIL_S ? warn(measured, fix) : fail(measured, fix);
    }
    const longest = Math.max(...keyframeSeconds);
    const measured = `one every ${longest.toFixed(1)} s`;
    if (longest <= GOP_OK_S) return ok(measured);
    return longest <= GOP_FAIL_S ? warn(measured, fix) : fail(measured, fix);
  }),
};

/** Makers' "smart codecs" (H.264+, Smart H.265, Zipstream's dynamic GOP) send keyframes only when the picture changes. */
const smartCodec: Check = {
  id: 'smart-codec',
  title: 'smart codec',
  judge: byMain(({ keyframeSeconds, fps, seconds }, { told }) => {
    const fix = 'switch off H.264+, H.265+, Smart codec or dynamic GOP on the camera’s pages';
    const announced = told?.gop && told.fps ? told.gop / told.fps : undefined;
    const longest = Math.max(0, ...keyframeSeconds);
    const shortest = Math.min(...keyframeSeconds);
    if (announced && announced < seconds / 2 && (longest === 0 || longest > announced * 1.5 + 2 / fps)) {
      return warn(`keyframes come later than the ${announced.toFixed(1)} s it says`, fix);
    }
    if (keyframeSeconds.length >= 2 && longest > shortest * 1.5 + 2 / fps) {
      return warn(`keyframes come after ${shortest.toFixed(1)} to ${longest.toFixed(1)} s`, fix);
    }
    return keyframeSeconds.length > 0 ? ok('off') : unknown('too few keyframes to tell', fix);
  }),
};

const bitrate: Check = {
  id: 'bitrate',
  title: 'bitrate',
  judge: byMain(({ bitsPerSecond }, { told }, facts) => {
    const cap = told?.bitrateKbps ? told.bitrateKbps * 1_000 : undefined;
    const most = Math.max(bitsPerSecond, cap ?? 0);
    const measured = `${mbit(bitsPerSecond)}${cap ? ` of at most ${mbit(cap)}` : ''}`;
    if (!facts.uplink) return unknown(measured, 'write what your line carries upwards: `upload: { rate: 10Mbit }`');
    const { bitsPerSecond: line, cameras } = facts.uplink;
    const share = line / cameras;
    const limit = `${Math.max(0.25, Math.floor((share * 0.8) / 250_000) / 4)}Mbit`;
    const fix = setCommand(facts, `bitrate=${limit}`, `limit it to ${limit}`);
    const against = `${measured}; the line has ${mbit(share)}${cameras > 1 ? ` for each of ${cameras} cameras` : ''}`;
    if (bitsPerSecond > share) return fail(against, fix);
    return most > share ? warn(against, fix) : ok(against);
  }),
};

/** As people write it. */
function codecName(codec: string): string {
  return { h264: 'H.264', hevc: 'H.265', mjpeg: 'Motion JPEG' }[codec] ?? codec;
}

export function mbit(bitsPerSecond: number): string {
  return `${(bitsPerSecond / 1e6).toFixed(1)} Mbit/s`;
}

const sub: Check = {
  id: 'sub',
  title: 'sub stream',
  judge({ sub: stream }) {
    if (!stream) return warn('none', 'switch the second stream on: previews and motion detection are cheaper on it');
    const { seen } = stream;
    if (seen instanceof Failure) return fail(seen.message, seen.hint ?? 'play the stream with another program');
    const measured = `${seen.width}x${seen.height} ${codecName(seen.codec)}, ${seen.fps.toFixed(1)} a second`;
    return seen.width * seen.height <= 1280 * 720
      ? ok(measured)
      : warn(measured, '640x360 to 1280x720 is enough for it');
  },
};

export const STREAM_CHECKS: readonly Check[] = [...[main, resolution, codec, frameRate, gop, smartCodec, bitrate, sub]];
