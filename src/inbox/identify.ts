import { compileTemplate } from '../../lib/name-template.js';
import { momentsAt } from '../../lib/zone.js';
import { isName } from '../segment.js';
import { type LayoutName, type ReadName, readByTemplate, readName } from './layouts.js';

/** How the names of what comes through a door are read. */
export interface NameRules {
  /** A maker's way, `auto` for the first that fits, or a template with tokens in braces. */
  layout: string;
  /** Whatever comes through the door is of this camera. */
  camera?: string;
  /** IANA zone of the clocks that wrote the names. */
  timezone: string;
}

/** A camera of ours, and what devices call it. */
export interface KnownLabel {
  camera: string;
  labels: readonly string[];
  timezone?: string;
}

export interface Identity {
  camera: string;
  /** UTC ms. */
  start: number;
  end?: number;
  /** Whether a rule told the camera and the time. */
  known: boolean;
  dated?: 'arrival';
}

/** Clocks of cameras run ahead; by more than this, the name is not believed. */
const AHEAD_MS = 25 * 3_600_000;
const SOON_MS = 120_000;

/** Which camera a file is of, and when it was recorded, by its path. What no rule knows is told by when it came. */
export class Identifier {
  readonly #rules: NameRules;
  readonly #read: (path: string) => ReadName | undefined;
  readonly #labels: readonly KnownLabel[];
  readonly #catchAll: string;

  constructor(rules: NameRules, labels: readonly KnownLabel[], catchAll: string) {
    this.#rules = rules;
    this.#labels = labels;
    this.#catchAll = catchAll;
    const template = rules.layout.includes('{') ? compileTemplate(rules.layout) : undefined;
    this.#read = (path) =>
      template ? readByTemplate(path, template) : readName(path, rules.layout as LayoutName | 'auto');
  }

  /** `writtenAt`: when the last byte was written, UTC ms: the latest the recording can have begun. */
  identify(path: string, writtenAt: number): Identity {
    const read = this.#read(path);
    const label = read?.label === undefined ? undefined : this.#known(read.label);
    const camera = this.#rules.camera ?? label?.camera ?? slug(read?.label ?? '');
    const start = read && this.#moment(read, label, writtenAt);
    if (!camera || start === undefined) {
      return { camera: camera || this.#catchAll, start: writtenAt, known: this.#isSaid(read), dated: 'arrival' };
    }
    const lengthMs = read!.end === undefined ? undefined : read!.end - read!.start;
    return { camera, start, ...(lengthMs !== undefined && { end: start + lengthMs }), known: true };
  }

  /** Whose it is the door says, and of names nothing was: when it came is what is wanted then. */
  #isSaid(read: ReadName | undefined): boolean {
    return read === undefined && this.#rules.camera !== undefined && this.#rules.layout === 'auto';
  }

  #known(label: string): KnownLabel | undefined {
    const wanted = label.toLowerCase();
    // Of a device with channels, its own name stands for all of them where no channel is named.
    const names = [wanted, wanted.replace(/\/\d{3}$/, '')];
    for (const name of names) {
      const found = this.#labels.find(({ labels }) => labels.some((one) => one.toLowerCase() === name));
      if (found) return found;
    }
    return undefined;
  }

  /** In the hour that is repeated in autumn, the later moment that had come when the file was written. */
  #moment({ start, isUtc }: ReadName, label: KnownLabel | undefined, writtenAt: number): number | undefined {
    const moments = isUtc ? [start] : momentsAt(start, label?.timezone ?? this.#rules.timezone);
    const moment = moments.findLast((one) => one <= writtenAt + SOON_MS) ?? moments[0]!;
    return moment <= writtenAt + AHEAD_MS ? moment : undefined;
  }
}

/** A device's own word as a name of ours; empty where nothing of it can be one. */
function slug(label: string): string {
  const name = label
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 63)
    .replace(/^-+|-+$/g, '');
  return isName(name) && name !== 'index' ? name : '';
}
