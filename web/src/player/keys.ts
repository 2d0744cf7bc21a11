/** The keys of the timeline, and what the help says about them. No DOM here: unit-tested. */

export type Action =
  | { do: 'toggle' | 'fullscreen' | 'mute' | 'goto' | 'export' | 'help' | 'beside' | 'link' }
  | { do: 'speed'; by: 1 | -1 }
  | { do: 'move'; ms: number }
  | { do: 'frame'; by: 1 | -1 }
  | { do: 'motion'; by: 1 | -1 }
  | { do: 'mark'; which: 'in' | 'out' }
  | { do: 'zoom'; factor: number }
  | { do: 'day'; by: 1 | -1 }
  | { do: 'camera'; by: 1 | -1 };

/** Undefined for every key that is the browser's. */
export function actionFor(key: string, shift: boolean): Action | undefined {
  switch (key) {
    case ' ':
      return { do: 'toggle' };
    case 'ArrowLeft':
      return { do: 'move', ms: shift ? -60_000 : -10_000 };
    case 'ArrowRight':
      return { do: 'move', ms: shift ? 60_000 : 10_000 };
    case 'PageUp':
      return { do: 'day', by: -1 };
    case 'PageDown':
      return { do: 'day', by: 1 };
    case ',':
      return { do: 'frame', by: -1 };
    case '.':
      return { do: 'frame', by: 1 };
    case '[':
      return { do: 'motion', by: -1 };
    case ']':
      return { do: 'motion', by: 1 };
    case '<':
      return { do: 'speed', by: -1 };
    case '>':
      return { do: 'speed', by: 1 };
    case '+':
    case '=':
      return { do: 'zoom', factor: 2 };
    case '-':
      return { do: 'zoom', factor: 0.5 };
    case '?':
      return { do: 'help' };
  }
  return letter(key.toLowerCase());
}

function letter(key: string): Action | undefined {
  if (key === 'g') return { do: 'goto' };
  if (key === 'f') return { do: 'fullscreen' };
  if (key === 'm') return { do: 'mute' };
  if (key === 'c') return { do: 'camera', by: 1 };
  if (key === 'i') return { do: 'mark', which: 'in' };
  if (key === 'o') return { do: 'mark', which: 'out' };
  if (key === 'e') return { do: 'export' };
  if (key === 'l') return { do: 'link' };
  if (key === 's') return { do: 'beside' };
  return undefined;
}

export const HELP: [keys: string[], what: string][] = [
  [['Space'], 'play or pause'],
  [['←', '→'], '10 seconds back or on; with Shift, a minute'],
  [[',', '.'], 'one frame back or on'],
  [['[', ']'], 'motion before or after'],
  [['<', '>'], 'slower or faster'],
  [['+', '−'], 'zoom the timeline; so do the wheel and two fingers'],
  [['PgUp', 'PgDn'], 'day before or after'],
  [['C'], 'next camera, same moment'],
  [['S'], 'all cameras side by side, or one'],
  [['G'], 'go to a time'],
  [['I', 'O'], 'export from here, export to here'],
  [['E'], 'export'],
  [['L'], 'copy a link to this moment'],
  [['F'], 'full screen'],
  [['M'], 'sound on or off'],
  [['?'], 'this help'],
];

export const RATES = [0.5, 1, 2, 4, 8, 16];
