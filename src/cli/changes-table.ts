import type { Outcome } from '../../lib/onvif/settings.js';
import { folded } from './discover-table.js';
import { table } from './format.js';

/** The unit of a number, by the last part of its setting's name. */
const UNITS: Readonly<Record<string, string>> = { fps: '/s', bitrate: 'kbit/s', gop: 'pictures', drift: 's' };

const STATES = { same: 'as wished', planned: 'would change', verified: 'verified', failed: 'FAILED' } as const;

/** What became of each wish: before, wanted, and what the camera says now. */
export function changesTable(outcomes: readonly Outcome[], columns: number): string {
  const rows = outcomes.map(({ setting, before, wanted, after, state }) => {
    const show = (value: string) => withUnit(setting, value);
    // What is as wanted need not be said twice.
    const isNews = state === 'failed' || (state === 'verified' && after !== wanted);
    return [setting, show(before), show(wanted), isNews ? show(after) : '', STATES[state]];
  });
  const [head, ...lines] = table(['SETTING', 'BEFORE', 'WANTED', 'NOW', ''], rows).split('\n');
  const blocks = lines.flatMap((line, index) => {
    const { failure } = outcomes[index]!;
    if (!failure) return [line];
    const hint = failure.hint ? folded(`→ ${failure.hint}`, columns, '    ') : [];
    return [line, ...folded(failure.message, columns, '    '), ...hint];
  });
  return [head, ...blocks].join('\n');
}

function withUnit(setting: string, value: string): string {
  const unit = UNITS[setting.split('.').at(-1)!];
  if (value === '') return '–';
  return unit && /^-?\d/.test(value) ? `${value} ${unit}` : value;
}

/** For scripts. */
export function changesJson(outcomes: readonly Outcome[]) {
  return outcomes.map(({ failure, ...outcome }) => ({
    ...outcome,
    ...(failure && { error: { code: failure.code, message: failure.message, hint: failure.hint } }),
  }));
}
