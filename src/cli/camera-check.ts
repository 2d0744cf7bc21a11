import { styleText } from 'node:util';
import { Failure } from '../../lib/errors.js';
import { ensureFfmpeg } from '../../lib/ffmpeg/find.js';
import type { CheckResult, Verdict } from '../camera/check/check.js';
import type { CameraFacts } from '../camera/check/facts.js';
import { gatherFacts } from '../camera/check/gather.js';
import { reportOf } from '../camera/check/report.js';
import type { Config } from '../config/schema.js';
import { namedCamera, type SignInOptions } from './camera-named.js';
import { type Context, EXIT, print, printJson } from './context.js';
import { folded } from './discover-table.js';
import { usage, width } from './format.js';

interface CheckOptions extends SignInOptions {
  seconds?: string;
}

/** `nvr-uplink camera check NAME|ADDRESS`. Exit 0 all is well or nearly, 3 something must be repaired, 1 not to be reached. */
export async function cameraCheck(context: Context, options: CheckOptions, given: string): Promise<number> {
  const seconds = secondsOf(options.seconds ?? '8');
  const { name, settings, config } = await namedCamera(context, options, given);
  const note = (line: string) => context.stderr.write(`${line}\n`);
  const ffmpeg = await ensureFfmpeg(context.env.NVR_UPLINK_FFMPEG, note);
  const facts = await gatherFacts({
    ...{ name, settings, seconds, ffmpeg: ffmpeg.path, clock: context.clock, signal: context.signal },
    isConfigured: config !== undefined,
    timezone: config?.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    uplink: uplinkOf(config),
    progress: (step) => options.quiet || options.json || note(`${step} …`),
  });
  const checks = reportOf(facts);
  if (options.json) printJson(context, { ...subjectOf(facts), checks });
  else print(context, readable(facts, checks, context));
  if (!wasReached(facts)) return EXIT.failed;
  return checks.some(({ verdict }) => verdict === 'fail') ? EXIT.degraded : EXIT.ok;
}

function secondsOf(text: string): number {
  const seconds = Number(text);
  if (Number.isInteger(seconds) && seconds >= 2 && seconds <= 600) return seconds;
  throw usage(`--seconds is ${JSON.stringify(text)}`, 'Write a whole number from 2 to 600.');
}

function uplinkOf(config: Config | undefined): CameraFacts['uplink'] {
  if (config?.upload.rate === undefined) return undefined;
  const recording = Object.values(config.cameras).filter(
    ({ record }) => (record?.mode ?? config.record.mode) !== 'off',
  );
  return { bitsPerSecond: config.upload.rate, cameras: Math.max(1, recording.length) };
}

function wasReached({ onvif, main }: CameraFacts): boolean {
  return (
    (onvif !== undefined && !(onvif instanceof Failure)) || (main !== undefined && !(main.seen instanceof Failure))
  );
}

function subjectOf({ name, address, onvif }: CameraFacts) {
  const identity = onvif === undefined || onvif instanceof Failure ? undefined : onvif.identity;
  const { manufacturer = null, model = null, firmware = null, serial = null, mac = null } = identity ?? {};
  return { name, address, manufacturer, model, firmware, serial, mac };
}

const WORDS: Record<Verdict, [word: string, style: 'green' | 'yellow' | 'red' | 'gray']> = {
  ok: ['ok', 'green'],
  warn: ['warn', 'yellow'],
  fail: ['FAIL', 'red'],
  unknown: ['?', 'gray'],
};

function readable(facts: CameraFacts, checks: readonly CheckResult[], context: Context): string {
  const columns = width(context);
  const longest = Math.max(...checks.map(({ title }) => title.length));
  const lines = checks.flatMap(({ title, measured, verdict, fix }) => {
    const [word, style] = WORDS[verdict];
    const [first, ...rest] = folded(measured, columns - longest - 10, '');
    return [
      `  ${painted(context, style, word.padEnd(6))}${title.padEnd(longest)}  ${first}`,
      ...rest.map((line) => `${' '.repeat(longest + 10)}${line.trim()}`),
      ...(fix ? folded(`→ ${fix}`, columns, ' '.repeat(8)) : []),
    ];
  });
  return ['', heading(facts), '', ...lines, '', summary(checks)].join('\n');
}

function heading(facts: CameraFacts): string {
  const { name, address, manufacturer, model, firmware } = subjectOf(facts);
  const where = name === address ? name : `${name} at ${address}`;
  return manufacturer === null ? where : `${where}: ${manufacturer} ${model}, firmware ${firmware}`;
}

function painted({ stdout, env }: Context, style: 'green' | 'yellow' | 'red' | 'gray', text: string): string {
  return stdout.isTTY && !env.NO_COLOR ? styleText(style, text, { validateStream: false }) : text;
}

function summary(checks: readonly CheckResult[]): string {
  const count = (verdict: Verdict) => checks.filter((one) => one.verdict === verdict).length;
  const parts = [
    [count('fail'), 'to repair'],
    [count('warn'), 'to look at'],
    [count('unknown'), 'unknown'],
  ].filter(([number]) => number !== 0);
  return parts.length === 0 ? 'All is well.' : `${parts.map((part) => part.join(' ')).join(', ')}.`;
}
