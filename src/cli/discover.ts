import { dirname, join, relative } from 'node:path';
import PQueue from 'p-queue';
import { ensureFfmpeg } from '../../lib/ffmpeg/find.js';
import { discoverReport, probeAddress } from '../../lib/onvif/discovery.js';
import { additionsOf, type Found, withAdditions } from '../camera/adding.js';
import { candidateOf } from '../camera/finder.js';
import { claimant, recognise } from '../camera/recognise.js';
import { type Candidate, type SurveyedCamera, survey } from '../camera/survey.js';
import { isStream, surveyStream } from '../camera/survey-stream.js';
import { rtspProblem } from '../config/camera.js';
import { addressProblem, parseCameraAddress } from '../config/camera-address.js';
import { showValue } from '../config/faults.js';
import { editFile } from '../config/file.js';
import { duration } from '../config/units.js';
import { addedText, savePasswords } from './added.js';
import { type SignInOptions, signInOf } from './camera-named.js';
import { type Context, EXIT, print, printJson } from './context.js';
import { discoverTable, folded } from './discover-table.js';
import { usage, width } from './format.js';
import { type KnownCameras, knownCameras } from './known-cameras.js';

export interface DiscoverCommandOptions extends SignInOptions {
  add?: boolean;
  savePassword?: boolean;
  wait?: string;
  interface?: string[];
}

/** Cameras signed in to at once. */
const PARALLEL = 8;

/** `nvr-uplink discover [ADDRESS…]`. Exit 0 if any camera was found, 3 if none. */
export async function discover(context: Context, options: DiscoverCommandOptions, given: string[]): Promise<number> {
  const waitMs = waitOf(options.wait ?? '5s');
  const known = knownCameras(context, options);
  const signIn = await signInOf(context, options, 'the cameras');
  const tell = (line: string) => options.quiet || context.stderr.write(`${line}\n`);
  const addresses = given.filter((text) => !isStream(text));
  const streams = await playAll(context, given.filter(isStream), signIn, known, tell);
  const candidates =
    addresses.length > 0
      ? await lookUp(context, addresses, tell)
      : given.length > 0
        ? []
        : await listen(context, options, waitMs, tell);
  const found = [...(await signInToAll(context, candidates, signIn, known, tell)), ...streams];
  if (options.json) printJson(context, found.map(jsonOf));
  else print(context, found.length > 0 ? readable(found, context, options) : noneFound(given));
  if (options.add) await add(context, options, found, signIn, known);
  return found.length > 0 ? EXIT.ok : EXIT.degraded;
}

function waitOf(text: string): number {
  const wait = duration.safeParse(text);
  if (wait.success && wait.data >= 500 && wait.data <= 120_000) return wait.data;
  throw usage(`--wait is ${JSON.stringify(text)}`, 'Write a time from 500ms to 2m, e.g. 5s.');
}

type Tell = (line: string) => void;

/** Cameras that have no ONVIF, by the address of their stream: it is played for a moment. */
async function playAll(
  context: Context,
  urls: readonly string[],
  given: Awaited<ReturnType<typeof signInOf>>,
  known: KnownCameras,
  tell: Tell,
): Promise<Found[]> {
  for (const url of urls) {
    const problem = rtspProblem(url);
    if (problem) throw usage(`${showValue('url', url)}: ${problem}`, 'For example: rtsp://192.168.1.20:554/stream1');
  }
  if (urls.length === 0) return [];
  const { clock, signal, env } = context;
  const ffmpeg = (await ensureFfmpeg(env.NVR_UPLINK_FFMPEG, tell)).path;
  tell(`playing ${urls.join(', ')} …`);
  return await Promise.all(
    urls.map(async (url) => {
      const names = [...known.cameras].filter(([, { streams }]) => streams?.main === url).map(([name]) => name);
      const own = names[0] === undefined ? undefined : known.cameras.get(names[0]);
      const signIn = own?.username === undefined || own.password === undefined ? given : own;
      const camera = await surveyStream(url, signIn, { ffmpeg, clock, signal });
      return { camera, recognised: names.length > 0 ? { names, movedFrom: null } : null };
    }),
  );
}

async function listen(
  context: Context,
  options: DiscoverCommandOptions,
  waitMs: number,
  tell: Tell,
): Promise<Candidate[]> {
  const { clock, signal } = context;
  const where = options.interface ? ` on ${options.interface.join(', ')}` : '';
  tell(`looking for cameras${where} for ${waitMs / 1000} s …`);
  const report = await discoverReport({ clock, signal, waitMs, interfaces: options.interface });
  signal.throwIfAborted();
  for (const { address, why } of report.unusable) tell(`! the network of ${address} could not be asked: ${why}`);
  if (report.malformed > 0) tell(`! ${report.malformed} replies could not be read`);
  return report.devices.map(candidateOf);
}

/** By address, without discovery: another network, or a camera that does not answer it. */
async function lookUp({ clock, signal }: Context, given: readonly string[], tell: Tell): Promise<Candidate[]> {
  for (const text of given) {
    const problem = addressProblem(text);
    if (problem)
      throw usage(`${showValue('address', text)}: ${problem}`, 'For example: nvr-uplink discover 192.168.1.20');
  }
  tell(`asking ${given.join(', ')} …`);
  return await Promise.all(
    given.map(async (text) => {
      const address = parseCameraAddress(text);
      const { host, port, path } = address;
      // Where all is said, only the certificate is of interest.
      const isWanted = path === undefined || address.secure;
      const found = isWanted
        ? await probeAddress(host, { clock, signal, port: port ?? (address.secure ? 443 : undefined) })
        : [];
      const [secured] = found.filter(({ secure }) => secure === address.secure);
      const addresses = secured ? [{ ...address, port: secured.port, path: path ?? secured.path }] : [address];
      return { addresses, scopes: [], ...(address.secure && { certificate: secured?.certificate }) };
    }),
  );
}

async function signInToAll(
  context: Context,
  candidates: readonly Candidate[],
  given: Awaited<ReturnType<typeof signInOf>>,
  known: KnownCameras,
  tell: Tell,
): Promise<Found[]> {
  const { clock, signal } = context;
  if (candidates.length > 0) tell(`${candidates.length} found; asking who they are …`);
  const queue = new PQueue({ concurrency: PARALLEL });
  let asConfigured = 0;
  const cameras = await queue.addAll(
    candidates.map((candidate) => async () => {
      const name = claimant(candidate, known.cameras);
      const own = name === undefined ? undefined : known.cameras.get(name);
      // Another password tried on a camera whose own is known would only lock the account.
      const signIn = own?.username === undefined || own.password === undefined ? given : own;
      if (signIn === own) asConfigured++;
      return await survey(candidate, signIn, { clock, signal });
    }),
  );
  if (given.password !== undefined && asConfigured > 0) {
    tell(`${asConfigured} signed in to as the configuration says, not with what was given here`);
  }
  return cameras.map((camera) => ({ camera, recognised: recognise(camera, known.cameras) }));
}

function jsonOf({ camera, recognised }: Found): SurveyedCamera & { known: Found['recognised'] } {
  return { ...camera, known: recognised };
}

function readable(found: readonly Found[], context: Context, { add: isAdding }: DiscoverCommandOptions): string {
  const refused = found.filter(({ camera }) => camera.problem?.code === 'sign-in-refused');
  const next =
    refused.length > 0
      ? 'To sign in: nvr-uplink discover --username NAME (the password is asked for, or taken from --password-file)'
      : !isAdding && found.some(({ camera, recognised }) => camera.authenticated && recognised?.movedFrom !== null)
        ? 'To write what is new into the configuration: nvr-uplink discover --add'
        : undefined;
  const columns = width(context);
  return ['', discoverTable(found, columns), ...(next ? ['', ...folded(`→ ${next}`, columns, '')] : [])].join('\n');
}

function noneFound(given: readonly string[]): string {
  if (given.length > 0) return 'No camera was found there.';
  return [
    'No camera answered.',
    '→ Is this machine in the same network as the cameras? Discovery does not pass routers, nor most guest WLANs and VPNs.',
    '→ Is ONVIF switched on? Many makers ship it off (Hikvision, Tapo, Reolink: in the camera’s network settings).',
    '→ By address, where discovery is blocked: nvr-uplink discover 192.168.1.20',
  ].join('\n');
}

async function add(
  context: Context,
  options: DiscoverCommandOptions,
  found: readonly Found[],
  signIn: { username?: string; password?: string; certificate?: string },
  known: KnownCameras,
): Promise<void> {
  const additions = additionsOf(found, signIn, known.cameras.keys());
  const say = (text: string) => (options.json ? context.stderr.write(`${text}\n`) : print(context, `\n${text}`));
  if (additions.length === 0) {
    say('There is nothing to add to the configuration.');
    return;
  }
  // Where it is read, wherever the recorder is started.
  const env = join(dirname(known.file), '.env');
  if (options.savePassword && signIn.password !== undefined) await savePasswords(additions, signIn.password, env);
  await editFile(known.file, (text) => withAdditions(text, additions));
  const saved = options.savePassword === true ? relative('', env) : undefined;
  say(addedText(additions, relative('', known.file), saved, width(context)));
}
