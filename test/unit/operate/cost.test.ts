import { describe, expect, it } from 'vitest';
import { type CostInput, estimateCost } from '../../../src/operate/cost.js';

/** Two cameras of 2 Mbit/s in files of five minutes, kept 30 days, nothing else. */
const TWO: CostInput = {
  ...{ cameras: 2, mbps: 2, retentionDays: 30, segmentSeconds: 300, transport: 'sftp' },
  ...{ addresses: 0, viewed: 0, tiered: false, watchedSites: undefined, siteMetrics: false, kms: false },
};
const line = (input: CostInput, what: string) =>
  estimateCost(input).lines.find((one) => one.what === what)?.usd ?? Number.NaN;

describe('the cost of an archive, worked out by hand', () => {
  // 2 Mbit/s are 250,000 bytes a second; a month of 730 hours has 2,628,000 seconds: 657,000,000,000 bytes, 611.88 GiB a camera.
  const GIB_PER_CAMERA = 657_000_000_000 / 1_073_741_824;

  it('two cameras over SFTP', () => {
    const { usd, gibPerMonth, gibStored } = estimateCost(TWO);
    expect(gibPerMonth).toBeCloseTo(1_223.76, 2);
    // 30 of 30.4166… days.
    expect(gibStored).toBeCloseTo(1_207, 1);
    expect(line(TWO, 'Transfer Family, endpoint')).toBeCloseTo(0.3 * 730, 9);
    expect(line(TWO, 'Transfer Family, uploads')).toBeCloseTo(2 * GIB_PER_CAMERA * 0.04, 6);
    expect(line(TWO, 'S3, storage')).toBeCloseTo(2 * GIB_PER_CAMERA * (30 / (730 / 24)) * 0.023, 6);
    // 8,760 files of 75 MB each a month and camera: 9 parts of 8 MiB and 2 requests more; 7 small objects an hour.
    expect(line(TWO, 'S3, requests')).toBeCloseTo((2 * (8_760 * 11 + 7 * 730) * 0.005) / 1_000, 9);
    // 219.00 + 48.95 + 27.76 + 1.01.
    expect(usd).toBeCloseTo(296.73, 1);
  });

  it('straight to S3 the endpoint and its share of each GB are gone, and nothing else', () => {
    const direct = estimateCost({ ...TWO, transport: 's3' });
    expect(direct.lines.map(({ what }) => what)).toEqual(['S3, storage', 'S3, requests', 'Looking at footage']);
    expect(estimateCost(TWO).usd - direct.usd).toBeCloseTo(219 + 48.95, 2);
  });

  it('forty sites of four cameras, 4 Mbit/s, 90 days, in three zones, watched', () => {
    const fleet: CostInput = {
      ...{ cameras: 160, mbps: 4, retentionDays: 90, segmentSeconds: 300, transport: 'sftp', addresses: 3 },
      ...{ viewed: 0.02, tiered: true, watchedSites: 40, siteMetrics: true, kms: true },
    };
    // 4 Mbit/s: 1,223.76 GiB a camera and month.
    expect(line(fleet, 'Transfer Family, uploads')).toBeCloseTo(160 * 2 * GIB_PER_CAMERA * 0.04, 4);
    expect(line(fleet, 'Elastic IPs')).toBeCloseTo(3 * 0.005 * 730, 9);
    // Each file of 150 MB: a day in Standard, 90 days (the minimum, and the 89 that are left) in Glacier Instant Retrieval, moved
    // once, and 2 % of it read back at $0.03 a GB.
    const gib = 150_000_000 / 1_073_741_824;
    const perFile = gib * 0.023 * (1 / 30) + gib * 0.004 * 3 + 0.02 / 1_000 + gib * 0.02 * 0.03;
    expect(line(fleet, 'S3, storage')).toBeCloseTo(160 * 8_760 * perFile, 4);
    // 2 % of 195,802 GiB, the first 100 free.
    expect(line(fleet, 'Looking at footage')).toBeCloseTo((160 * 2 * GIB_PER_CAMERA * 0.02 - 100) * 0.09, 4);
    // 4 alarms, one over all, a dashboard, 6 metrics and one for each site.
    expect(line(fleet, 'Watch, alarms and graphs')).toBeCloseTo(4 * 0.1 + 0.5 + 3 + 46 * 0.3, 9);
    expect(line(fleet, 'KMS key')).toBe(1);
  });

  it('the watch costs a thousand cameras little more than one', () => {
    const watched = (cameras: number) => line({ ...TWO, cameras, watchedSites: 1 }, 'Watch, looking');
    expect(watched(1)).toBeLessThan(0.1);
    expect(watched(1_000)).toBeLessThan(15);
    // By hand, 1,000 cameras: 9,490,000 notes of $0.20 + $0.625 a million and 0.0128 GB-seconds; 43,800 checks of 25 units.
    const note = 0.2e-6 + 0.625e-6 + 0.256 * 0.05 * 0.0000166667;
    const check = 0.2e-6 + 25 * 0.125e-6 + 0.256 * 0.2 * 0.0000166667;
    expect(watched(1_000)).toBeCloseTo(9_490_000 * note + 43_800 * check, 6);
  });
});
