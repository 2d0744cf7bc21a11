import { describe, expect, it } from 'vitest';
import { FtpHaste } from '../../lib/remote/ftp-haste.js';

/** How many files are stored with patience until haste is tried again. */
function patience(haste: FtpHaste): number {
  let files = 0;
  for (; !haste.isOn; files++) haste.worked(false);
  return files;
}

describe('haste', () => {
  it('is put off for a while by a failure, and for ever longer where it fails again', () => {
    const haste = new FtpHaste();
    expect(haste.isOn).toBe(true);
    const waits = Array.from({ length: 12 }, () => {
      haste.failed();
      return patience(haste);
    });
    expect(waits).toEqual([20, 40, 80, 160, 320, 640, 1_280, 2_560, 5_000, 5_000, 5_000, 5_000]);
  });

  it('is forgiven once it worked, and what fails together counts once', () => {
    const haste = new FtpHaste();
    for (let n = 0; n < 5; n++) haste.failed();
    expect(patience(haste)).toBe(20);
    haste.worked(true);
    haste.failed();
    expect(patience(haste)).toBe(20);
  });
});
