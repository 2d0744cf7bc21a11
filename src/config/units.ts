import * as z from 'zod';

const DURATION = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const BYTES = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
} as const;
const BITRATE = { kbit: 1e3, Mbit: 1e6, Gbit: 1e9 } as const;

function unit<Units extends Record<string, number>>(units: Units, example: string) {
  const pattern = new RegExp(`^(\\d+(?:\\.\\d+)?)\\s*(${Object.keys(units).join('|')})$`);
  const error = `write a number and a unit (${Object.keys(units).join(', ')}), e.g. ${example}`;
  return z
    .string({ error })
    .regex(pattern, { error })
    .transform((text) => {
      const [, amount, name] = pattern.exec(text)!;
      return Math.round(Number(amount) * units[name as keyof Units]!);
    });
}

/** `"5m"`, `"90s"`, `"2d"` → milliseconds. */
export const duration = unit(DURATION, '5m');

/** `"200GB"`, `"512MiB"` → bytes. */
export const bytes = unit(BYTES, '200GB');

/** `"4Mbit"`, `"512kbit"` → bits a second. */
export const bitrate = unit(BITRATE, '4Mbit');

const RATE = { kbit: 1e3 / 8, Mbit: 1e6 / 8, Gbit: 1e9 / 8, 'kB/s': 1e3, 'MB/s': 1e6 } as const;

/** From a minute of the day on: bytes per second, `off` for no cap, `pause` for nothing at all. */
export interface RateFrom {
  minute: number;
  limit: number | 'off' | 'pause';
}

const RATE_ERROR =
  'write a rate such as 4Mbit, or a timetable such as "07:00 4Mbit; 19:00 off; 23:00 pause" (kbit, Mbit, Gbit, kB/s, MB/s)';

/** `"4Mbit"`, or `"07:00 4Mbit; 19:00 off"` → what holds from which minute of the day on, in order; the last holds over midnight. */
export const timetable = z.string({ error: RATE_ERROR }).transform((text, context): RateFrom[] => {
  const entries = text.split(';').map((part) => /^\s*(?:(\d\d?):(\d\d)\s+)?(\S+)\s*$/.exec(part));
  const rates = entries.flatMap((entry) => rateFrom(entry, entries.length > 1));
  const minutes = new Set(rates.map(({ minute }) => minute));
  if (rates.length === entries.length && minutes.size === rates.length) {
    return rates.sort((a, b) => a.minute - b.minute);
  }
  context.addIssue({ code: 'custom', message: RATE_ERROR });
  return z.NEVER;
});

function rateFrom(entry: RegExpExecArray | null, needsTime: boolean): RateFrom[] {
  if (!entry) return [];
  const [, hours = '0', minutes = '0', limit] = entry;
  if ((needsTime && entry[1] === undefined) || Number(hours) > 23 || Number(minutes) > 59) return [];
  const minute = Number(hours) * 60 + Number(minutes);
  if (limit === 'off' || limit === 'pause') return [{ minute, limit }];
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(kbit|Mbit|Gbit|kB\/s|MB\/s)$/.exec(limit!) ?? [];
  const bytesPerSecond = Number(amount) * RATE[unit as keyof typeof RATE];
  // Slower than a modem is a slip of the pen, and would never deliver anything.
  return bytesPerSecond >= 1_000 ? [{ minute, limit: Math.round(bytesPerSecond) }] : [];
}
