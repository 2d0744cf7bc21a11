/** So many files are stored with patience after a failure; twice as many after the next, … */
const LEAST = 20;
/** … and no more than this. */
const MOST = 5_000;

/**
 * Whether round trips are spared that nobody promises a server to allow: what sets a session up goes out at once, STOR while the data
 * connection is still being made, and the next file's EPSV along with this one's SIZE. What fails is tried again with patience, step by
 * step, and so are files for a while after it: a server that cannot take it is found out so, and a line that breaks now and then costs little.
 */
export class FtpHaste {
  #patientFor = 0;
  #penalty = LEAST;

  get isOn(): boolean {
    return this.#patientFor === 0;
  }

  /** A file was stored, with haste or without. */
  worked(hasty: boolean): void {
    if (hasty) this.#penalty = LEAST;
    else this.#patientFor = Math.max(0, this.#patientFor - 1);
  }

  failed(): void {
    // What fails together counts once.
    if (!this.isOn) return;
    this.#patientFor = this.#penalty;
    this.#penalty = Math.min(MOST, this.#penalty * 2);
  }
}
