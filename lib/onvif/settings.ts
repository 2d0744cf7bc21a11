import { Failure, messageOf } from '../errors.js';

/** What of a camera is read and written together. Values are compared and shown as text. */
export interface SettingGroup<Values extends Record<string, string>> {
  read(signal: AbortSignal): Promise<Values>;
  /** Writes `values`; `present` is what was read just before. */
  write(values: Partial<Values>, present: Values, signal: AbortSignal): Promise<void>;
  /** Whether what the camera has is what was wanted, where other spellings mean the same. Default: equal texts. */
  isSame?(name: keyof Values & string, has: string, wanted: string): boolean;
  /** How long a camera may take until it tells what it was told, milliseconds. Default {@link SETTLE_MS}. */
  settleMs?: number;
}

/**
 * What became of one wish: `same` was so before, `planned` would be changed but for a dry run, `verified` was written and read
 * back. `failed` says why in `failure`: `setting-ignored`, `setting-refused`, or why the camera could not be asked.
 */
export interface Outcome {
  setting: string;
  before: string;
  wanted: string;
  /** What the camera says now. */
  after: string;
  state: 'same' | 'planned' | 'verified' | 'failed';
  failure?: Failure;
}

export interface ChangeOptions {
  signal: AbortSignal;
  /** Waits between readings; resolves early when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  dryRun?: boolean;
  /** Before each name in the outcomes: `main.`. */
  prefix?: string;
}

const SETTLE_MS = 3_000;
const READ_AGAIN_MS = 500;

/**
 * Writes what differs, reads it back, and compares: cameras say OK and do nothing, or something near it. Never rejects for what
 * a camera does; each wish has its outcome. `wants` sees what is there, because some wishes depend on it.
 */
export async function change<Values extends Record<string, string>>(
  group: SettingGroup<Values>,
  wants: (present: Values) => Partial<Values>,
  options: ChangeOptions,
): Promise<Outcome[]> {
  const present = await group.read(options.signal);
  const wanted = wants(present);
  const names = Object.keys(wanted).filter((name) => wanted[name] !== undefined);
  const isSame = (name: string, has: string) => group.isSame?.(name, has, wanted[name]!) ?? has === wanted[name];
  const differing = names.filter((name) => !isSame(name, present[name] ?? ''));
  const outcome = (name: string, after: string, state: Outcome['state'], failure?: Failure): Outcome => ({
    ...{ setting: (options.prefix ?? '') + name, before: present[name] ?? '', wanted: wanted[name]!, after, state },
    ...(failure && { failure }),
  });
  const same = (name: string) => outcome(name, present[name] ?? '', 'same');
  const finished = (judge: (name: string) => Outcome) =>
    names.map((name) => (differing.includes(name) ? judge(name) : same(name)));
  if (differing.length === 0 || options.dryRun)
    return finished((name) => outcome(name, present[name] ?? '', 'planned'));
  const patch = Object.fromEntries(differing.map((name) => [name, wanted[name]])) as Partial<Values>;
  try {
    await group.write(patch, present, options.signal);
  } catch (error) {
    const failure = refused(error);
    return finished((name) => outcome(name, present[name] ?? '', 'failed', failure));
  }
  const after = await settled(group, (values) => differing.every((name) => isSame(name, values[name] ?? '')), options);
  return finished((name) => {
    const has = after[name] ?? '';
    if (isSame(name, has)) return outcome(name, has, 'verified');
    return outcome(name, has, 'failed', ignored(has, present[name] ?? '', wanted[name]!));
  });
}

/** Reads until it is as it should be, or long enough. */
async function settled<Values extends Record<string, string>>(
  group: SettingGroup<Values>,
  isDone: (values: Values) => boolean,
  { sleep, signal }: ChangeOptions,
): Promise<Values> {
  for (let waitedMs = 0; ; waitedMs += READ_AGAIN_MS) {
    const values = await group.read(signal);
    if (isDone(values) || waitedMs >= (group.settleMs ?? SETTLE_MS)) return values;
    await sleep(READ_AGAIN_MS, signal);
    signal.throwIfAborted();
  }
}

function refused(error: unknown): Failure {
  if (error instanceof Failure && error.code !== 'soap-fault') return error;
  return new Failure(`The camera refuses it: ${messageOf(error)}`, {
    kind: 'permanent',
    code: 'setting-refused',
    hint: 'See which values it takes on its own pages, and whether this user may change settings.',
    cause: error,
  });
}

function ignored(has: string, before: string, wanted: string): Failure {
  const what = has === before ? `left it at ${has || 'nothing'}` : `made it ${has || 'nothing'}`;
  return new Failure(`The camera accepted ${wanted}, and ${what}`, {
    kind: 'permanent',
    code: 'setting-ignored',
    hint: 'Set it on the camera’s own pages, or ask for a value it takes.',
  });
}
