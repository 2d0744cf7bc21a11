import { z } from 'zod';

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
