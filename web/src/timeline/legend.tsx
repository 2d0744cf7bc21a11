import { useEffect, useRef } from 'preact/hooks';
import { session } from '../session.js';
import { fill, type Look, paletteOf, prepare } from './draw.js';
import { MEANINGS } from './words.js';

const LABELS: [Look, string][] = [
  ['uploaded', 'Uploaded'],
  ['motion', 'Motion'],
  ['waiting', 'Not yet uploaded'],
  ['open', 'Being recorded'],
  ['frozen', 'Frozen'],
  ['gap', 'Gap'],
  ['off', 'Off'],
  ['nothing', 'Nothing'],
  ['future', 'To come'],
];

export function Legend() {
  // What cannot happen here needs no explaining: only a bucket freezes files, only a recorder records.
  const { storage, recorder } = session.value!.capabilities;
  const absent = new Set<Look>([...(storage ? [] : ['frozen' as const]), ...(recorder ? [] : ['open' as const])]);
  return (
    <ul class="legend" aria-label="What the patterns mean">
      {LABELS.filter(([look]) => !absent.has(look)).map(([look, label]) => (
        <li key={look} title={MEANINGS[look]}>
          <Swatch look={look} />
          {label}
        </li>
      ))}
    </ul>
  );
}

function Swatch({ look }: { look: Look }) {
  const ref = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const draw = () => {
      const { ctx, width, height } = prepare(ref.current!);
      const palette = paletteOf(ref.current!);
      if (look === 'motion') fill(ctx, 'uploaded', palette, 0, width, height);
      fill(ctx, look, palette, 0, width, height);
    };
    draw();
    dark.addEventListener('change', draw);
    return () => dark.removeEventListener('change', draw);
  }, []);
  return <canvas ref={ref} class="swatch" />;
}
