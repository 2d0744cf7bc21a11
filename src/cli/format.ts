import { Failure } from '../../lib/errors.js';

/** Columns as wide as their widest cell, two spaces apart. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** `12 MB`, decimal units. */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value.toFixed(value < 10 && unit > 0 ? 1 : 0)} ${units[unit]}`;
}

/** `1 file`, `2 files`, `3 entries`. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}

/** `12 s ago`, `5 min ago`, or `never`. */
export function age(time: string | null, now: number): string {
  if (time === null) return 'never';
  const seconds = Math.max(0, Math.round((now - Date.parse(time)) / 1000));
  if (seconds < 120) return `${seconds} s ago`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h ago`;
  return `${Math.round(seconds / 86_400)} days ago`;
}

/** `14:05:10` in the zone of this machine. */
export function clockTime(time: number): string {
  return new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' }).format(time);
}

/** How wide a line may be: the terminal, or 100 where there is none. */
export function width({ stdout }: { stdout: { isTTY?: boolean; columns?: number } }): number {
  return stdout.isTTY && stdout.columns ? Math.max(40, stdout.columns) : 100;
}

/** For a command line that cannot be carried out: exit status 2. */
export function usage(message: string, hint: string): Failure {
  return new Failure(message, { kind: 'permanent', code: 'usage', hint });
}

/** `45 s`, `12 min`, `3 h 20 min`. */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 100) return `${whole} s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 100) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
