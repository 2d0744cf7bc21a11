import { useEffect, useRef } from 'preact/hooks';
import { fill, type Look, paletteOf, prepare } from './draw.js';
import { MEANINGS } from './words.js';

const LABELS: [Look, string][] = [
  ['uploaded', 'Uploaded'],
  ['waiting', 'Not yet uploaded'],
  ['open', 'Being recorded'],
  ['gap', 'Gap'],
  ['nothing', 'Nothing'],
  ['future', 'To come'],
];

export function Legend() {
  return (
    <ul class="legend" aria-label="What the patterns mean">
      {LABELS.map(([look, label]) => (
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
      fill(ctx, look, paletteOf(ref.current!), 0, width, height);
    };
    draw();
    dark.addEventListener('change', draw);
    return () => dark.removeEventListener('change', draw);
  }, []);
  return <canvas ref={ref} class="swatch" />;
}
