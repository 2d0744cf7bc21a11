import type { CameraState, FailureState, WatchTable } from '../../cdk/handlers/watch-table.js';

/** The watch's memory in memory. */
export class MemoryWatchTable implements WatchTable {
  readonly #cameras = new Map<string, CameraState>();
  readonly #failures = new Map<string, FailureState>();

  async all() {
    const copies = <T>(map: Map<string, T>) => [...map.values()].map((one) => ({ ...one }));
    return { cameras: copies(this.#cameras), failures: copies(this.#failures) };
  }

  async seen(site: string, camera: string, at: number) {
    const state = this.#camera(site, camera);
    state.lastSeen = Math.max(state.lastSeen ?? at, at);
  }

  async awaited(site: string, camera: string, since: number) {
    this.#camera(site, camera).awaitedSince ??= since;
  }

  async told(site: string, camera: string, at: number | undefined) {
    this.#camera(site, camera).toldAt = at;
  }

  async failed(site: string, lastFile: string, lastReason: string) {
    const count = (this.#failures.get(site)?.count ?? 0) + 1;
    this.#failures.set(site, { ...this.#failures.get(site), site, count, lastFile, lastReason });
  }

  async failuresTold(site: string, count: number, toldAt: number) {
    const state = this.#failures.get(site)!;
    this.#failures.set(site, { ...state, count: state.count - count, toldAt });
  }

  #camera(site: string, camera: string): CameraState {
    const key = `${site}/${camera}`;
    const state = this.#cameras.get(key) ?? { site, camera };
    this.#cameras.set(key, state);
    return state;
  }
}
