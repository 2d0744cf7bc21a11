import { Counter, Histogram, Registry } from 'prom-client';
import type { Ledger } from '../ledger/ledger.js';
import { ADOPTED } from '../segment.js';
import { type GaugeInput, gaugesOf } from './gauges.js';

/** Seconds from the end of motion until it was off-site; the deadline of the configuration is one of them. */
const OFFSITE_SECONDS = [5, 10, 15, 20, 30, 45, 60, 90, 120, 300, 600, 1_800, 3_600, 21_600, 86_400];

/**
 * Figures for Prometheus. Counters begin with the process, as it expects; gauges are taken from the status when they are asked for.
 * Nothing here holds a secret: names are those of the configuration, and reasons are left out (invariant I6).
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #ledger: Ledger;
  readonly #recorded = this.#counter('recorded_seconds', 'Footage that came into the spool', ['camera', 'kind']);
  readonly #recordedBytes = this.#counter('recorded_bytes', 'Bytes that came into the spool', ['camera', 'kind']);
  readonly #uploaded = this.#counter('uploaded_bytes', 'Bytes of files a remote was proven to have', ['remote']);
  readonly #uploadedFiles = this.#counter('uploaded_files', 'Files a remote was proven to have', ['remote', 'kind']);
  readonly #failures = this.#counter('upload_failures', 'Uploads that failed, and are tried again', ['remote']);
  readonly #offsite: Histogram<'remote'>;
  /** Files up to this one are counted. */
  #counted: number;

  constructor(ledger: Ledger, deadlineMs: number, now: () => number) {
    this.#ledger = ledger;
    this.#counted = ledger.tallies.settledFile();
    this.#offsite = new Histogram({
      ...{ name: 'nvr_uplink_motion_offsite_seconds', labelNames: ['remote'], registers: [this.#registry] },
      help: 'From the end of a recording in which something moved until a remote was proven to have it',
      buckets: [...new Set([...OFFSITE_SECONDS, deadlineMs / 1_000])].sort((a, b) => a - b),
    });
    ledger.onDelivered = (file, remote) => this.#noteDelivered(file, remote, now());
    ledger.onUploadFailed = (remote) => this.#failures.inc({ remote });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Everything there is, in the text format of Prometheus. */
  async text(input: Omit<GaugeInput, 'ledger'>): Promise<string> {
    this.#countRecorded();
    const gauges = gaugesOf({ ...input, ledger: this.#ledger });
    return `${await this.#registry.metrics()}\n${await gauges.metrics()}`;
  }

  #countRecorded(): void {
    const upTo = this.#ledger.tallies.settledFile();
    for (const { camera, kind, ms, bytes } of this.#ledger.tallies.recorded(this.#counted, upTo)) {
      this.#recorded.inc({ camera, kind }, ms / 1_000);
      this.#recordedBytes.inc({ camera, kind }, bytes);
    }
    this.#counted = Math.max(this.#counted, upTo);
  }

  #noteDelivered(file: number, remote: string, now: number): void {
    const told = this.#ledger.tallies.delivery(file, remote);
    if (!told) return;
    this.#uploaded.inc({ remote }, told.bytes);
    this.#uploadedFiles.inc({ remote, kind: told.kind });
    // When a file that a lost ledger took back was delivered, nobody knows.
    if (told.isMotion && told.source !== ADOPTED)
      this.#offsite.observe({ remote }, Math.max(0, now - told.end) / 1_000);
  }

  #counter<Label extends string>(name: string, help: string, labelNames: Label[]): Counter<Label> {
    return new Counter({ name: `nvr_uplink_${name}_total`, help, labelNames, registers: [this.#registry] });
  }
}
