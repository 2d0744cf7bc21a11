import { useEffect, useRef } from 'preact/hooks';

/** Asks for more when it comes near the screen; also a button, for keyboards and after an error. */
export function More({ busy, label, onNeed }: { busy: boolean; label: string; onNeed: () => void }) {
  const ref = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const observer = new IntersectionObserver(([entry]) => !busy && entry?.isIntersecting && onNeed(), {
      rootMargin: '600px',
    });
    observer.observe(ref.current!);
    return () => observer.disconnect();
  }, [busy]);
  return (
    <button type="button" class="more" ref={ref} disabled={busy} onClick={onNeed}>
      {busy ? 'Loading…' : label}
    </button>
  );
}
