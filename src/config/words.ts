import type * as z from 'zod';

const RAW = /^(?:Too small|Too big|Invalid option|Invalid input): /;

/** What to write, where a rule has no words of its own; undefined where it has, or where there are none for it here. */
export function plainWords(issue: z.core.$ZodIssue): string | undefined {
  if (!RAW.test(issue.message)) return undefined;
  if (issue.code === 'invalid_value') {
    const values = issue.values.map(String);
    return values.length === 1 ? `write ${values[0]}` : `write one of ${values.join(', ')}`;
  }
  if (issue.code === 'too_small')
    return limitWords(issue.origin, Number(issue.minimum), issue.inclusive !== false, 'least');
  if (issue.code === 'too_big')
    return limitWords(issue.origin, Number(issue.maximum), issue.inclusive !== false, 'most');
  return undefined;
}

const COUNTED: Record<string, [one: string, more: string]> = {
  string: ['character', 'characters'],
  array: ['entry in the list', 'entries in the list'],
};

function limitWords(origin: string, limit: number, inclusive: boolean, side: 'least' | 'most'): string {
  const counted = COUNTED[origin];
  if (counted) {
    if (side === 'least' && limit === 1)
      return origin === 'string' ? 'it is empty; write a text' : 'the list is empty; write at least one entry';
    return `write at ${side} ${limit} ${counted[limit === 1 ? 0 : 1]}`;
  }
  if (!inclusive) return `write a number ${side === 'least' ? 'above' : 'below'} ${limit}`;
  return `write a number of at ${side} ${limit}`;
}
