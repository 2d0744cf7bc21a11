import type { GapEntry } from '../../segment.js';

/**
 * What is not as it should be. `missing`: known to have been stored, and gone. `truncated`: another size. `altered`: the same
 * size and other bytes, or a line of the index that is not the one written. `unindexed`: stored, and nobody has heard of it.
 * `unaccounted`: time that is neither footage, nor off, nor a gap.
 */
export type FindingKind = 'missing' | 'truncated' | 'altered' | 'unindexed' | 'unaccounted';

export interface Finding {
  kind: FindingKind;
  /** Where it was looked for: the name of a store, or `disk`. */
  where: string;
  /** The object; of an index the shard; of time nothing. */
  key?: string;
  camera?: string;
  /** Whole sentences for people. */
  message: string;
  /** What was expected of an object of footage. */
  expected?: Expected;
}

/** A chain that begins anew with the shard `key`; the shard before it, by number, is `after`. */
export interface Beginning {
  where: string;
  camera: string;
  key: string;
  after: string;
}

/** As long as index entries may wait to be written and sent, and a while for the line. */
export const PENDING_MS = 2 * 3_600_000;

/** What `verify` gathers as it goes. */
export interface Verified {
  /** Objects that were compared with what is known of them. */
  checked: number;
  /** Bytes of objects that were read to compare their checksums. */
  readBytes: number;
  findings: Finding[];
  gaps: GapEntry[];
  beginnings: Beginning[];
  /** Fingerprints of the keys that signed days; each should be known from elsewhere. */
  signers: Set<string>;
  /** Days (`YYYY-MM-DD`) of which any place has or tells anything, however little. */
  days: Set<string>;
  /** Days that are over and bear no signature. */
  unsigned: number;
  /** Entries that were erased on purpose, by a receipt. */
  erased: number;
  /** Files no index lists, which are too young to be judged: their entries may be on their way. */
  young: number;
  /** Stores of which more was asked than they let anybody see: names and sizes were compared, and nothing else. */
  unread: string[];
}

export function nothingYet(): Verified {
  return {
    checked: 0,
    readBytes: 0,
    findings: [],
    gaps: [],
    beginnings: [],
    signers: new Set(),
    days: new Set(),
    unsigned: 0,
    erased: 0,
    young: 0,
    unread: [],
  };
}

/** A file of the index this recorder delivered; of a shard, what the ledger says of its entries too. */
export interface ExpectedIndex extends Expected {
  shard?: { first: number; last: number; head: string };
}

/** What is expected of one object. */
export interface Expected {
  key: string;
  bytes: number;
  sha256: string;
  crc64nvme?: string;
  /** Who says so: of footage, where it came from. */
  source?: string;
}
