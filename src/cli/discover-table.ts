import type { Found } from '../camera/adding.js';
import type { SurveyedStream } from '../camera/survey.js';
import { isStream } from '../camera/survey-stream.js';
import { formatCameraAddress, parseCameraAddress } from '../config/camera-address.js';
import { table } from './format.js';

/** What `discover` prints for people: a line for each camera, and below it what else there is to know. */
export function discoverTable(found: readonly Found[], width: number): string {
  const head = ['NAME', 'MAKER', 'MODEL', 'ADDRESS', 'SIGN-IN'];
  const rows = found.map(({ camera, recognised }) => [
    recognised?.names.join(', ') ?? camera.name ?? '–',
    camera.manufacturer ?? '–',
    camera.model ?? '–',
    shortAddress(camera.address),
    signInText(camera),
  ]);
  const [title, ...lines] = table(head, fitted(rows, head, width)).split('\n');
  const blocks = lines.map((line, index) => [line, ...details(found[index]!, width)].join('\n'));
  return [title, ...blocks].join('\n');
}

/** What may be cut to make the rows fit, in this order, and to how little. */
const SHRINK = [
  { column: 2, least: 12 },
  { column: 0, least: 12 },
  { column: 1, least: 8 },
];

function fitted(rows: readonly string[][], head: readonly string[], width: number): string[][] {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
  let over = widths.reduce((sum, one) => sum + one + 2, -2) - width;
  for (const { column, least } of SHRINK) {
    const less = Math.max(0, Math.min(over, widths[column]! - least));
    widths[column]! -= less;
    over -= less;
  }
  return rows.map((row) => row.map((cell, column) => cut(cell, widths[column]!)));
}

/** Host and port; the path is for programs. */
function shortAddress(text: string): string {
  if (isStream(text)) return new URL(text).host;
  const address = parseCameraAddress(text);
  return formatCameraAddress({ ...address, path: undefined });
}

function signInText({ authenticated, problem }: Found['camera']): string {
  if (authenticated) return 'ok';
  if (problem?.code !== 'sign-in-refused') return 'failed';
  return isNeeded(problem) ? 'needed' : 'refused';
}

/** Nobody tried to sign in: the column says all there is to say. */
function isNeeded({ message }: { message: string }): boolean {
  return message.endsWith('without a user');
}

function details({ camera, recognised }: Found, width: number): string[] {
  const facts = [
    camera.firmware && `firmware ${camera.firmware}`,
    camera.mac && `MAC ${camera.mac}`,
    camera.serial && `serial ${camera.serial}`,
    camera.profiles.length > 0 && `profiles ${camera.profiles.join(', ')}`,
  ].filter((fact): fact is string => Boolean(fact));
  const { problem } = camera;
  return [
    ...wrapped(facts, width),
    ...wrapped(streamTexts(camera.streams), width),
    ...(recognised ? [`  ${recognisedText(recognised, camera.address)}`] : []),
    ...(problem && !isNeeded(problem) ? folded(`! ${problem.message}`, width) : []),
    ...(problem?.code === 'certificate-unknown' && problem.hint ? folded(`→ ${problem.hint}`, width) : []),
  ];
}

function recognisedText({ names, movedFrom }: NonNullable<Found['recognised']>, address: string): string {
  const known = `in the configuration as ${names.join(', ')}`;
  return movedFrom === null ? known : `${known}: moved from ${movedFrom} to ${address}`;
}

/** A recorder's channels are counted, not listed. */
function streamTexts(streams: readonly SurveyedStream[]): string[] {
  const channels = new Set(streams.map(({ channel }) => channel)).size;
  const first = streams.filter(({ channel }) => channel === streams[0]?.channel).map(streamText);
  return channels > 1 ? [`${channels} channels`, ...first] : first;
}

function streamText({ stream, codec, width, height, fps, bitrateKbps }: SurveyedStream): string {
  const size = width && height ? `${width}x${height}` : undefined;
  const rate = bitrateKbps ? `${(bitrateKbps / 1_000).toFixed(1)} Mbit/s` : undefined;
  const name = codec.replace(/^H26/, 'H.26');
  return [stream, size, name, fps && `${Math.round(fps)} fps`, rate].filter(Boolean).join(' ');
}

/** Parts with dots between them, on as few lines as they fit on. */
function wrapped(parts: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const longer = lines.length > 0 ? `${lines.at(-1)} · ${part}` : undefined;
    if (longer !== undefined && longer.length <= width) lines[lines.length - 1] = longer;
    else lines.push(`  ${part}`);
  }
  return lines;
}

/** Words on lines no wider than this, indented. */
export function folded(text: string, width: number, indent = '  '): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const longer = lines.length > 0 ? `${lines.at(-1)} ${word}` : undefined;
    if (longer !== undefined && longer.length <= width) lines[lines.length - 1] = longer;
    else lines.push(`${lines.length === 0 ? indent : `${indent}  `}${word}`);
  }
  return lines;
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}
