import type { Notification } from './notifications.js';

/** What a camera says it saw. `input` is a contact wired to it, `visitor` a door bell. */
export const MOTION_KINDS = [
  'motion',
  'person',
  'vehicle',
  'animal',
  'face',
  'package',
  'visitor',
  'line-crossing',
  'intrusion',
  'tampering',
  'input',
] as const;

export type MotionKind = (typeof MOTION_KINDS)[number];

/** What one notification says about one kind of motion. */
export interface MotionSignal {
  kind: MotionKind;
  /** Which picture or contact, as the camera names it; empty if it does not. */
  source: string;
  /** Who says so: topic, rule and item. Two rules of one kind each have a beginning and an end of their own. */
  origin: string;
  active: boolean;
  /** Told because we asked for the present state, not because it changed. */
  initial: boolean;
}

/** Items whose name alone says what was seen: makers put them under several topics (Tapo: six of them under four). */
const ITEM_KINDS: Readonly<Record<string, MotionKind>> = {
  ismotion: 'motion',
  ispeople: 'person',
  isperson: 'person',
  ishuman: 'person',
  isvehicle: 'vehicle',
  ispet: 'animal',
  isanimal: 'animal',
  isface: 'face',
  ispackage: 'package',
  islinecross: 'line-crossing',
  isintrusion: 'intrusion',
  isinside: 'intrusion',
  istamper: 'tampering',
};

/** Items that say only whether; the topic says what. Others that look like a yes are counters and identifiers. */
const STATE_ITEMS = new Set([
  'state',
  'active',
  'detected',
  'logicalstate',
  'motion',
  'motionactive',
  'value',
  'alarm',
]);

/** Words in a topic's parts. The last part that has any decides, so that `CellMotionDetector/People` is a person. */
const TOPIC_WORDS: readonly [RegExp, MotionKind][] = [
  [/people|person|human|pedestrian/, 'person'],
  [/vehicle|licenseplate/, 'vehicle'],
  [/dogcat|animal|^pet/, 'animal'],
  [/face/, 'face'],
  [/visitor|doorbell/, 'visitor'],
  [/package/, 'package'],
  [/linecross|crossline|linedetector/, 'line-crossing'],
  [/intrusion|objectsinside|fielddetector/, 'intrusion'],
  [/tamper|globalscenechange/, 'tampering'],
  [/alarmin$|digitalinput/, 'input'],
  [/motion|^vmd/, 'motion'],
];

/** Where cameras report what they see. Below others, such as `RecordingConfig`, the same words mean something else. */
const ROOTS = new Set([
  'ruleengine',
  'videosource',
  'videoanalytics',
  'device',
  'useralarm',
  'cameraapplicationplatform',
  'motionalarm',
]);

/** Class names of object detectors that list what they see at this moment (`ClassTypes="Human,Vehicle"`). */
const CLASS_KINDS: Readonly<Record<string, MotionKind>> = {
  human: 'person',
  person: 'person',
  vehicle: 'vehicle',
  car: 'vehicle',
  animal: 'animal',
  pet: 'animal',
  face: 'face',
};

/** Source items, the most telling first. */
const SOURCE_ITEMS = ['videosourceconfigurationtoken', 'videosourcetoken', 'videosource', 'source', 'inputtoken'];

/** A hostile camera's names cost no more than this. */
const MAX_NAME = 128;

/** What a notification says about motion: nothing for most topics, several things for an object detector. */
export function motionSignals(notification: Notification): MotionSignal[] {
  const topic = normaliseTopic(notification.topic);
  const parts = topic.split('/');
  if (!ROOTS.has(parts[0]!)) return [];
  const items = lowerNames(notification.data);
  const kind = kindOfTopic(parts);
  const signals: [item: string, MotionKind, active: boolean][] = [];
  for (const [item, value] of items) {
    const itemKind = lookUp(ITEM_KINDS, item) ?? (STATE_ITEMS.has(item) ? kind : undefined);
    const active = parseState(value);
    if (itemKind && active !== undefined) signals.push([item, itemKind, active]);
  }
  const classes = items.get('classtypes');
  if (classes !== undefined) signals.push(...classSignals(classes));
  else if (signals.length === 0 && kind && isPulse(notification, items)) signals.push(['', kind, true]);
  return signals.map(([item, itemKind, active]) => signalOf(notification, topic, item, itemKind, active));
}

function signalOf(
  { operation, source }: Notification,
  topic: string,
  item: string,
  kind: MotionKind,
  active: boolean,
): MotionSignal {
  const names = lowerNames(source);
  const origin = [topic, names.get('rule') ?? '', item].join('|').slice(0, 4 * MAX_NAME);
  return {
    kind,
    source: sourceOf(names),
    origin,
    active: active && operation !== 'Deleted',
    initial: operation === 'Initialized',
  };
}

/**
 * The topic without namespaces, in lower case: `tns1:RuleEngine/CellMotionDetector/Motion`, which some firmware ends in
 * `/`, `//.` or spaces.
 */
export function normaliseTopic(topic: string): string {
  return topic
    .trim()
    .slice(0, 4 * MAX_NAME)
    .split('/')
    .map((part) => part.slice(part.lastIndexOf(':') + 1).trim())
    .filter((part) => part !== '' && part !== '.')
    .join('/')
    .toLowerCase();
}

function kindOfTopic(parts: readonly string[]): MotionKind | undefined {
  for (const part of parts.slice(1).reverse()) {
    const found = TOPIC_WORDS.find(([word]) => word.test(part));
    if (found) return found[1];
  }
  // `MotionAlarm` stands alone with some makers.
  return parts[0] === 'motionalarm' ? 'motion' : undefined;
}

/** An event without a state, such as a line being crossed: it begins, and its end is ours to find. */
function isPulse({ operation }: Notification, items: ReadonlyMap<string, string>): boolean {
  const told = [...items.keys()].some((item) => STATE_ITEMS.has(item) || lookUp(ITEM_KINDS, item) !== undefined);
  return operation === undefined && !told;
}

function classSignals(classes: string): [string, MotionKind, boolean][] {
  const seen = new Set(classes.split(/[\s,;]+/).map((name) => lookUp(CLASS_KINDS, name.toLowerCase())));
  const kinds = new Set(Object.values(CLASS_KINDS));
  return [...kinds].map((kind) => [`classtypes:${kind}`, kind, seen.has(kind)]);
}

function sourceOf(names: ReadonlyMap<string, string>): string {
  const telling = SOURCE_ITEMS.map((name) => names.get(name)).find((value) => value);
  const first = [...names].find(([name]) => name !== 'rule')?.[1];
  return (telling ?? first ?? '').slice(0, MAX_NAME);
}

/** `true`, `1` and their like; undefined for what is no state at all. */
function parseState(value: string): boolean | undefined {
  if (/^(true|1|active|on)$/i.test(value)) return true;
  return /^(false|0|inactive|off)$/i.test(value) ? false : undefined;
}

function lowerNames(items: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...items].map(([name, value]) => [name.toLowerCase(), value.trim()]));
}

function lookUp<Value>(table: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
