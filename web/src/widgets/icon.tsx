const PATHS = {
  left: 'M15 5l-7 7 7 7',
  right: 'M9 5l7 7-7 7',
  play: 'M8 5.5v13l10.5-6.5z',
  pause: 'M8 5.5v13M16 5.5v13',
  frameBack: 'M18 6l-8 6 8 6zM6.5 6v12',
  frameOn: 'M6 6l8 6-8 6zM17.5 6v12',
  muted: 'M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM16 9.5l5 5M21 9.5l-5 5',
  sound: 'M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM15.5 9.5a3.6 3.6 0 010 5M18 7a7 7 0 010 10',
  full: 'M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  save: 'M12 4v10M7.5 10.5L12 15l4.5-4.5M5 19.5h14',
  close: 'M6 6l12 12M18 6L6 18',
  shown: 'M4 5h16v11H4zM9 20h6',
  hidden: 'M4 5h16v11H4zM12 8v5M9.5 10.5h5',
  grid: 'M4 4.5h7v6.5H4zM13 4.5h7v6.5h-7zM4 13h7v6.5H4zM13 13h7v6.5h-7z',
  link: 'M10 14a4 4 0 005.7 0l3-3a4 4 0 00-5.7-5.7l-1 1M14 10a4 4 0 00-5.7 0l-3 3A4 4 0 0011 18.7l1-1',
  cut: 'M6 4v16M18 4v16M6 12h12M9.5 8.5L6 12l3.5 3.5M14.5 8.5L18 12l-3.5 3.5',
  leave: 'M10 5H5v14h5M10 12h10M16 8l4 4-4 4',
} as const;

export type IconName = keyof typeof PATHS;

const SOLID = new Set<IconName>(['play', 'frameBack', 'frameOn']);

/** Decoration only: the button around it carries the name. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg viewBox="0 0 24 24" class={SOLID.has(name) ? 'icon-glyph solid' : 'icon-glyph'} aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
