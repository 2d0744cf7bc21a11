import { Failure } from '../../lib/errors.js';
import { ensureFfmpeg } from '../../lib/ffmpeg/find.js';
import { takeStill } from '../../lib/ffmpeg/still.js';
import { writeFileDurably } from '../../lib/files.js';
import { readJpeg } from '../../lib/jpeg.js';
import type { OnvifConnection } from '../../lib/onvif/connection.js';
import { streams } from '../../lib/onvif/media.js';
import { fetchSnapshot } from '../../lib/onvif/snapshot.js';
import { Finder } from '../camera/finder.js';
import { type Channel, channelsOf, snapshotProfile } from '../camera/interview.js';
import { type Picture, takeSnapshot } from '../camera/snapshot.js';
import { signIn } from './camera-changes.js';
import { type NamedCamera, namedCamera, type SignInOptions } from './camera-named.js';
import { type Context, EXIT, print, printJson } from './context.js';
import { size } from './format.js';
import { askService, hasService } from './running-service.js';

interface SnapshotCommandOptions extends SignInOptions {
  output: string;
}

/** The recorder's newest picture is of its newest keyframe. */
const OLDEST_MS = 15_000;

/** `nvr-uplink camera snapshot NAME -o FILE`: a picture of this moment; `-` writes it to standard output. */
export async function cameraSnapshot(
  context: Context,
  options: SnapshotCommandOptions,
  given: string,
): Promise<number> {
  const camera = await namedCamera(context, options, given);
  const { clock, signal } = context;
  const met = once(() => meet(context, camera));
  const { jpeg, from, at, refusals } = await takeSnapshot({
    sources: {
      ...(camera.settings.address !== undefined && { camera: () => byCamera(met, context) }),
      ...(camera.config && hasService(camera.config) && { recording: () => byRecorder(camera, context) }),
      stream: () => byStream(met, camera, context),
    },
    notBefore: clock.now() - OLDEST_MS,
    signal,
  });
  if (options.output === '-') context.stdout.write(jpeg);
  else await writeFileDurably(options.output, jpeg);
  const { width, height } = readJpeg(jpeg);
  const facts = { camera: camera.name, from, at: new Date(at).toISOString(), bytes: jpeg.length, width, height };
  const passed = refusals.map((one) => ({ from: one.from, reason: one.failure.message }));
  if (options.output === '-') return EXIT.ok;
  if (options.json) printJson(context, { ...facts, file: options.output, refusals: passed });
  else {
    for (const { from: source, reason } of passed) context.stderr.write(`not by ${WAYS[source]}: ${reason}\n`);
    print(context, `${options.output}: ${width}x${height}, ${size(jpeg.length)}, taken by ${WAYS[from]}`);
  }
  return EXIT.ok;
}

const WAYS = { camera: 'the camera', recording: 'the recorder', stream: 'playing its stream' } as const;

interface Met {
  connection: OnvifConnection;
  channel: Channel | undefined;
}

async function meet(context: Context, { name, settings }: NamedCamera): Promise<Met> {
  const connection = await signIn(context, new Finder(context.clock), name, settings);
  const channels = channelsOf(await streams(connection, { signal: context.signal }));
  return { connection, channel: channels.find(({ number }) => number === (settings.channel ?? 1)) };
}

async function byCamera(met: () => Promise<Met>, { clock, signal }: Context): Promise<Picture> {
  const { connection, channel } = await met();
  const { bytes } = await fetchSnapshot(connection, { profile: snapshotProfile(channel), signal });
  return { jpeg: bytes, at: clock.now() };
}

async function byRecorder({ name, config }: NamedCamera, { clock }: Context): Promise<Picture | undefined> {
  const asked = config && (await askService(config, `/latest?camera=${encodeURIComponent(name)}`, clock));
  if (!asked || !('reply' in asked)) return undefined;
  return { jpeg: Buffer.from(await asked.reply.arrayBuffer()), at: clock.now() };
}

async function byStream(met: () => Promise<Met>, { settings }: NamedCamera, context: Context): Promise<Picture> {
  const { certificate, transport, username, password, streams: given, address } = settings;
  const url = given?.main ?? (address === undefined ? undefined : (await met()).channel?.main.uri);
  if (url === undefined) throw new Failure('it has no stream', { kind: 'permanent', code: 'stream-invalid' });
  const ffmpeg = await ensureFfmpeg(context.env.NVR_UPLINK_FFMPEG, (line) => context.stderr.write(`${line}\n`));
  const source = { url, certificate, transport, username, password };
  const { bytes } = await takeStill(ffmpeg.path, source, context.clock, context.signal);
  return { jpeg: bytes, at: context.clock.now() };
}

/** A camera that cannot be signed in to is not asked again for the next way. */
function once<Result>(work: () => Promise<Result>): () => Promise<Result> {
  let result: Promise<Result> | undefined;
  return () => {
    result ??= work();
    return result;
  };
}
