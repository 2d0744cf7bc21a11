/** What `manifest.json` of an export says. Times are ISO 8601, UTC; hashes are hex SHA-256. */
export interface ExportManifest {
  version: 1;
  program: string;
  /** Fingerprint of the key that `manifest.sig.json` is made with, so that its removal shows; absent where nobody signs. */
  signer?: string;
  createdAt: string;
  site: string;
  camera: string;
  /** What was asked for; clips begin at the key frame before. */
  asked: { from: string; to: string };
  clips: ManifestClip[];
  /** The recorded files the clips are cut from; `file` where they are part of the export; `shard` lists them. */
  sources: { key: string; bytes: number; sha256: string; file?: string; shard?: string }[];
  /** Shards of the index and signatures of days, byte for byte, under their keys. */
  index: { file: string; key: string; bytes: number; sha256: string }[];
  gaps: { from: string; to: string; cause: string }[];
  /** Time of what was asked for before the archive's first entry of the camera, of which it tells nothing; absent where there is none. */
  before?: { from: string; to: string }[];
  /** Time after the newest entry of the camera that could be read here: nothing is known of it yet; absent where there is none. */
  after?: { from: string; to: string }[];
  /** Other time of what was asked for of which nobody knows anything. */
  unaccounted: { from: string; to: string }[];
  /** Recorded files that are no MP4 that can be cut; they are exported whole. */
  uncut: string[];
}

export interface ManifestClip {
  file: string;
  bytes: number;
  sha256: string;
  /** Of the first picture shown, and of the end of the last. */
  begins: string;
  ends: string;
  frames: number;
  parts: {
    key: string;
    begins: string;
    ends: string;
    frames: number;
    /** Where it begins in the clip. */
    atMs: number;
    /** Bytes `from` to `to` (exclusive) of the recorded file are bytes of the clip, from `at` on. */
    copied: { from: number; to: number; at: number };
  }[];
}

/** `manifest.sig.json`: made by the recorder, of the exact bytes of `manifest.json`. */
export interface ManifestSignature {
  publicKey: string;
  signature: string;
}
