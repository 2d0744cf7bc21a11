import { Failure } from '../../lib/errors.js';
import { redact } from '../../lib/redact.js';

/** One thing wrong with the configuration: where, what is there, and what should be. */
export interface Fault {
  /** `cameras.front.streams.main`; empty for the file as a whole. */
  path: string;
  /** What stands there, as JSON; secrets are never repeated. */
  value?: string;
  /** What to write instead. */
  remedy: string;
  /** 1-based line in the file, where known. */
  line?: number;
}

/** By name; headers and addresses of uploads and alerts may carry a token under any name. */
const SECRET =
  /(?:^|[._])(?:password|passphrase|secret|token|secret_access_key)$|^(?:remotes|alerts)\.[^.]+\.(?:url|headers(?:\..*)?)$/i;

/** Whether a setting holds a secret, by its name. */
export function isSecretPath(path: string): boolean {
  return SECRET.test(path);
}

/**
 * A value as it may be shown: short, and never a secret. Groups of settings are not shown at all: a misspelt `password`
 * in them looks like any other setting.
 */
export function showValue(path: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (isSecretPath(path)) return '***';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? '[…]' : '{…}';
  // Whatever stands before the last @ of an address may be part of a password.
  const text = redact(JSON.stringify(value) ?? String(value)).replace(
    path.endsWith('address') ? /^(".*:\/\/|").*@/ : /(:\/\/).*@/g,
    '$1***@',
  );
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

/** Every fault of a configuration at once. */
export class ConfigFailure extends Failure {
  readonly faults: readonly Fault[];
  readonly origin: string;

  constructor(
    origin: string,
    faults: readonly Fault[],
    hint = 'Correct the file, then check it: nvr-uplink config validate',
  ) {
    super(
      [`${origin} has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:`, ...faults.map(faultLine)].join(
        '\n',
      ),
      {
        kind: 'permanent',
        code: 'config-invalid',
        hint,
      },
    );
    this.faults = faults;
    this.origin = origin;
  }
}

export function faultLine({ path, value, remedy, line }: Fault): string {
  const where = [path || '(file)', line === undefined ? '' : ` (line ${line})`].join('');
  return `  ${where}: ${value === undefined ? '' : `${value} – `}${remedy}`;
}
