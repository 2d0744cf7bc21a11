import type { Judged } from './results.js';

/** The results for people: a row for each metric; ours, each peer, and how we stand to the best of them. */
export function table(results: readonly Judged[]): string {
  const peers = [...new Set(results.flatMap((result) => Object.keys(result.peers)))];
  const head = ['', 'ours', ...peers, 'ratio to best', 'goal', ''];
  const rows = results.map((result) => [
    result.unit,
    shown(result.ours),
    ...peers.map((peer) => shown(result.peers[peer])),
    result.ratio === undefined ? '–' : `${result.ratio.toFixed(2)} × ${result.bestPeer}`,
    goalOf(result),
    result.met === undefined ? '' : result.met ? 'met' : 'MISSED',
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]!.length)));
  const lines = [head, widths.map((width) => '─'.repeat(width)), ...rows];
  return lines
    .map((row) =>
      row
        .map((cell, column) => aligned(cell, column, widths))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Words to the left, numbers to the right. */
function aligned(cell: string, column: number, widths: readonly number[]): string {
  const width = widths[column]!;
  return column === 0 || column === widths.length - 1 ? cell.padEnd(width) : cell.padStart(width);
}

function goalOf({ goal, better }: Judged): string {
  if (!goal) return '';
  const sign = better === 'lower' ? '≤' : '≥';
  const parts = [
    goal.ratio === undefined ? [] : [`${sign} ${goal.ratio.toFixed(2)} ×`],
    goal.limit === undefined ? [] : [`${sign} ${shown(goal.limit)}`],
  ];
  return parts.flat().join(', ');
}

function shown(value: number | undefined): string {
  if (value === undefined) return '–';
  if (Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}
