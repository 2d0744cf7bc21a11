import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../lib/clock.js';
import { Failure, messageOf } from '../../lib/errors.js';
import { addressesOf, type Place, reachTcp, reachTls } from '../../lib/remote/reach.js';
import { type Receipt, type Remote, suffices } from '../../lib/remote/remote.js';
import type { RemoteConfig } from '../config/schema.js';
import { connectRemote, neededProof, type PinStore } from './connect.js';
import { type Step, Steps } from './probe-steps.js';

export type { Step } from './probe-steps.js';

export interface ProbeOptions {
  name: string;
  config: RemoteConfig;
  site: string;
  pins: PinStore;
  clock: Clock;
  /** How much to send to measure the line. */
  bytes: number;
}

const REACH_MS = 10_000;

/** Tries a remote out, step by step, as it will be used; after the first step that fails comes only the clean-up. */
export async function* probe(options: ProbeOptions, signal: AbortSignal): AsyncGenerator<Step, void, undefined> {
  const { config, clock, name, pins } = options;
  const steps = new Steps(clock);
  let remote: Remote | undefined;
  const folder = await mkdtemp(join(tmpdir(), 'nvr-uplink-test-'));
  try {
    remote = await connectRemote(name, config, pins, clock, (stage, detail) => steps.reached(stage, detail));
    yield* reach(config, remote.name, steps, clock);
    if (config.type === 'sftp' || config.type === 'ftps' || config.type === 'ftp') {
      yield* signIn(config.type, remote, steps, signal);
    }
    yield* use(options, remote, steps, folder, signal);
  } catch (error) {
    yield steps.failed(error);
  } finally {
    await remote?.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function* reach(config: RemoteConfig, name: string, steps: Steps, clock: Clock): AsyncGenerator<Step> {
  const place = placeOf(config);
  if (!place) return;
  steps.begin('dns');
  yield steps.done((await addressesOf(name, place.host)).join(', '));
  steps.begin('tcp');
  yield steps.done(await reachTcp(name, place, clock, REACH_MS));
  if (!place.tls) return;
  steps.begin('certificate');
  yield steps.done(await reachTls(name, place, place.ca, clock, REACH_MS));
}

/** Undefined for a folder. `tls`: whether it speaks TLS from its first byte. */
function placeOf(config: RemoteConfig): (Place & { tls: boolean; ca?: Buffer }) | undefined {
  if (config.type === 'folder') return undefined;
  if (config.type !== 's3' && config.type !== 'https') return { host: config.host, port: config.port, tls: false };
  const aws = `https://s3.${'region' in config ? config.region : ''}.amazonaws.com`;
  const { protocol, hostname, port } = new URL(config.type === 'https' ? config.url : (config.endpoint ?? aws));
  const tls = protocol === 'https:';
  const ca = config.ca_file === undefined ? undefined : readFileSync(config.ca_file);
  // IPv6 addresses stand in brackets there.
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (tls ? 443 : 80), tls, ca };
}

/** The first look makes the connection, which tells how far it came. */
async function* signIn(
  type: 'sftp' | 'ftps' | 'ftp',
  remote: Remote,
  steps: Steps,
  signal: AbortSignal,
): AsyncGenerator<Step> {
  const identity = type === 'sftp' ? 'host key' : 'certificate';
  let failure: unknown;
  const isRefusedLook = (error: unknown) => error instanceof Failure && error.code === 'permission-denied';
  await remote.stat('nvr-uplink-test', signal).catch((error) => {
    // Put-only users may not look; they are signed in all the same.
    if (!isRefusedLook(error)) failure = error;
  });
  const order = [...(type === 'ftp' ? [] : [{ stage: 'identity', step: identity } as const])];
  let since = steps.stages.find(({ stage }) => stage === 'tcp')?.at;
  for (const { stage, step } of [...order, { stage: 'sign-in', step: 'sign-in' } as const]) {
    steps.begin(step, since);
    const found = steps.stages.find((one) => one.stage === stage);
    if (!found) throw failure ?? new Error('the connection was not made');
    yield steps.done(found.detail, found.at);
    since = found.at;
  }
  if (failure) throw failure;
}

async function* use(
  { site, config, clock, bytes }: ProbeOptions,
  remote: Remote,
  steps: Steps,
  folder: string,
  signal: AbortSignal,
): AsyncGenerator<Step> {
  const file = async (size: number) => {
    const path = join(folder, String(size));
    await writeFile(path, randomBytes(size));
    return path;
  };
  const stamp = new Date(clock.now()).toISOString().replace(/[-:]|\.\d+/g, '');
  const key = (what: string) => `${site}/uploads/test-${stamp}-${randomBytes(3).toString('hex')}-${what}.bin`;
  const [small, large] = [key('small'), key('large')];
  /** What was put; whether it is known to be there. */
  const left = new Map<string, boolean>();

  try {
    steps.begin('write');
    left.set(small, false);
    const receipt = await remote.put(small, await file(1_000), signal);
    left.set(small, true);
    yield steps.done(`1 kB stored as ${small}`);

    steps.begin('proof');
    yield judge(steps.done(wordsOf(receipt)), receipt, config);

    steps.begin('overwrite');
    yield steps.done(await overwrite(remote, small, await file(1_001), signal));

    steps.begin('throughput');
    const source = await file(bytes);
    const startedAt = clock.monotonic();
    left.set(large, false);
    await remote.put(large, source, signal);
    left.set(large, true);
    const seconds = Math.max(0.001, (clock.monotonic() - startedAt) / 1_000);
    const rate = (bytes * 8) / seconds / 1e6;
    yield steps.done(
      `${(bytes / 1e6).toFixed(1)} MB in ${seconds.toFixed(1)} s: ${rate.toFixed(rate < 10 ? 1 : 0)} Mbit/s`,
    );
  } catch (error) {
    // What a failed step left behind would be in the way of footage.
    yield steps.failed(error);
  }

  steps.begin('clean-up');
  try {
    yield steps.done(await cleanUp(remote, left, signal));
  } catch (error) {
    yield steps.failed(error);
  }
}

function wordsOf({ proven, provenBy }: Receipt): string {
  const where = { stat: 'a look at the object', list: 'a listing of its folder', reply: 'the reply' }[provenBy];
  if (proven === 'accepted') return 'nothing but its word: the server shows nothing of what it stored';
  return `the ${proven}, by ${where}`;
}

/** A remote that proves too little works, and frees no file: told here, before the disk is full. */
function judge(step: Step, { proven }: Receipt, config: RemoteConfig): Step {
  const needed = neededProof(config);
  if (suffices(proven, needed)) return step;
  const hint = `Local copies would never be freed. If this is enough for you, set \`proof: ${proven}\` for this remote.`;
  return { ...step, ok: false, code: 'unproven', detail: `${step.detail}; \`proof: ${needed}\` asks for more`, hint };
}

/** Either is fine: a refusal protects what is there, and without one the store's versions have to. */
async function overwrite(remote: Remote, key: string, file: string, signal: AbortSignal): Promise<string> {
  try {
    await remote.put(key, file, signal);
    return 'allowed: only versions kept by the store, as `cdk deploy` sets them up, bring back what was replaced';
  } catch (error) {
    if (error instanceof Failure && REFUSALS.has(error.code)) return `refused (${error.code}): what is there stays`;
    throw error;
  }
}

const REFUSALS = new Set(['key-taken', 'permission-denied', 'not-supported', 'remote-failure']);

/** A put-only user, as it should be, leaves them there. Says only what was seen: a write that failed may have stored nothing. */
async function cleanUp(remote: Remote, left: ReadonlyMap<string, boolean>, signal: AbortSignal): Promise<string> {
  const [stayed, unseen]: [string[], string[]] = [[], []];
  let [failure, isAnyGone]: [unknown, boolean] = [undefined, false];
  for (const [key, isStored] of left) {
    try {
      await remote.remove(key, signal);
      isAnyGone = true;
    } catch (error) {
      if (error instanceof Failure && error.kind === 'aborted') throw error;
      const isThere = isStored || (await looksThere(remote, key, signal));
      if (isThere === undefined) unseen.push(key);
      else if (isThere) stayed.push(key);
      if (isThere && !(error instanceof Failure && REFUSALS.has(error.code))) failure ??= error;
    }
  }
  const hint = 'Look there once the remote can be reached, and remove them if they are there: they are no footage.';
  const failed = (message: string) => new Failure(message, { kind: 'permanent', code: 'not-looked-at', hint });
  if (unseen.length > 0) throw failed(`whether anything of it stays could not be looked at: ${unseen.join(', ')}`);
  if (failure !== undefined) throw failed(`could not be removed (${messageOf(failure)}): ${stayed.join(', ')}`);
  if (stayed.length > 0) return `refused, as is best for footage; what stays: ${stayed.join(', ')}`;
  return isAnyGone ? 'nothing of it stays' : 'nothing was stored';
}

/** Undefined where that cannot be looked at. */
async function looksThere(remote: Remote, key: string, signal: AbortSignal): Promise<boolean | undefined> {
  try {
    return (await remote.stat(key, signal)) !== undefined;
  } catch (error) {
    if (error instanceof Failure && error.kind === 'aborted') throw error;
    return undefined;
  }
}
