/** One stored version of an object. */
export interface StoredVersion {
  /** Undefined in a store that keeps one only. */
  id?: string;
  /** Why it may not go: a legal hold, or until when it is locked. */
  locked?: string;
}

/**
 * Removes objects for good: every version, and whatever marks them as deleted. For erasing what somebody has a right to have erased, and
 * for nothing else. Rejects with a `Failure` (`permission-denied`, `unreachable` …).
 */
export interface ObjectEraser {
  readonly name: string;
  /** Every version there is; empty where there is none. */
  versions(key: string): Promise<StoredVersion[]>;
  /** Removes these versions, and makes sure that they are gone. */
  erase(key: string, versions: readonly StoredVersion[]): Promise<void>;
  /** Stores `text`, whole or not at all. Earlier versions stay until they are erased. */
  replace(key: string, text: string): Promise<void>;
  close(): void;
}
