import { type Signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { getCameras } from '../api.js';

/** The cameras there are, once they are known, or why they are not. Asked for once. */
export function useCameras(): { cameras: Signal<string[] | undefined>; problem: Signal<string> } {
  const cameras = useSignal<string[] | undefined>(undefined);
  const problem = useSignal('');
  useEffect(() => {
    const stop = new AbortController();
    void getCameras(stop.signal)
      .then((all) => (cameras.value = all))
      .catch((error: unknown) => {
        if (!stop.signal.aborted) problem.value = error instanceof Error ? error.message : String(error);
      });
    return () => stop.abort();
  }, []);
  return { cameras, problem };
}
