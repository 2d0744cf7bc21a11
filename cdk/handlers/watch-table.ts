/** What the watch remembers of one camera. Times are UTC milliseconds. */
export interface CameraState {
  site: string;
  camera: string;
  /** When its last file arrived; undefined where none ever did. */
  lastSeen?: number;
  /** Since when one is waited for, where none ever arrived. */
  awaitedSince?: number;
  /** When its silence was last told; undefined while it is well. */
  toldAt?: number;
}

/** Uploads of a site that broke off or were refused, since they were last told. */
export interface FailureState {
  site: string;
  count: number;
  lastFile: string;
  lastReason: string;
  /** When failures of this site were last told. */
  toldAt?: number;
}

/**
 * The memory of the watch. Arrivals and checks run side by side and each writes only its own fields, so that neither
 * undoes the other.
 */
export interface WatchTable {
  all(): Promise<{ cameras: CameraState[]; failures: FailureState[] }>;
  /** Later of what is there and `at`: events come in any order, and more than once. */
  seen(site: string, camera: string, at: number): Promise<void>;
  awaited(site: string, camera: string, since: number): Promise<void>;
  /** Undefined: it is well again. */
  told(site: string, camera: string, at: number | undefined): Promise<void>;
  failed(site: string, file: string, reason: string): Promise<void>;
  /** Takes off what was told; what came meanwhile stays. */
  failuresTold(site: string, count: number, at: number): Promise<void>;
}
