/** The keys of the timeline, and what the help says about them. No DOM here: unit-tested. */

export type Action =
  | { do: 'toggle' | 'fullscreen' | 'mute' | 'goto' | 'help' | 'faster' | 'slower' }
  | { do: 'move'; ms: number }
  | { do: 'frame'; by: 1 | -1 }
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
    case '<':
      return { do: 'slower' };
    case '>':
      return { do: 'faster' };
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
  return undefined;
}

export const HELP: [keys: string[], what: string][] = [
  [['Space'], 'play or pause'],
  [['←', '→'], '10 seconds back or on; with Shift, a minute'],
  [[',', '.'], 'one frame back or on'],
  [['<', '>'], 'slower or faster'],
  [['+', '−'], 'zoom the timeline; so do the wheel and two fingers'],
  [['PgUp', 'PgDn'], 'day before or after'],
  [['C'], 'next camera, same moment'],
  [['G'], 'go to a time'],
  [['F'], 'full screen'],
  [['M'], 'sound on or off'],
  [['?'], 'this help'],
];

export const RATES = [0.5, 1, 2, 4, 8, 16];
