/**
 * What AWS charges, as far as an archive meets it. US dollars, region us-east-1; other regions are up to a third dearer. Prices of
 * S3, Transfer Family and data are those of AWS's Price List as public cost tools quoted it in 2026; those marked
 * UNVERIFIED were not found there, and come from memory. Look at https://aws.amazon.com/pricing/ before you sign anything.
 */
export const AWS_PRICES = {
  /** When these were collected. */
  date: '2026-11-21',
  region: 'us-east-1',
  currency: 'USD',
  /** AWS bills a month as 730 hours, and storage by the GiB. */
  hoursPerMonth: 730,
  transfer: {
    /** Per protocol, from the deploy to the deletion of the server: stopping it saves nothing. */
    protocolHour: 0.3,
    /** Up or down. */
    uploadGb: 0.04,
  },
  /** Each public IPv4 address. UNVERIFIED. */
  publicIpHour: 0.005,
  s3: {
    standard: { gbMonth: 0.023, put: 0.005 / 1000, transition: 0, minimumDays: 0, overheadBytes: 0, retrievalGb: 0 },
    'standard-ia': {
      ...{ gbMonth: 0.0125, put: 0.01 / 1000, transition: 0.01 / 1000, minimumDays: 30, overheadBytes: 0 },
      retrievalGb: 0.01,
    },
    /** UNVERIFIED. */
    'glacier-ir': {
      ...{ gbMonth: 0.004, put: 0.02 / 1000, transition: 0.02 / 1000, minimumDays: 90, overheadBytes: 0 },
      retrievalGb: 0.03,
    },
    /** Overhead: 32 KiB at its own price and 8 KiB at Standard's, per object; all is counted as Standard here. */
    'deep-archive': {
      ...{ gbMonth: 0.00099, put: 0.05 / 1000, transition: 0.05 / 1000, minimumDays: 180, overheadBytes: 40 * 1024 },
      retrievalGb: 0.02,
    },
  },
  /** Listing. Reading is a twelfth of it. */
  s3List: 0.005 / 1000,
  /** Over the internet, after the first 100 GB of each month. UNVERIFIED. */
  egressGb: 0.09,
  /** UNVERIFIED, all of these. */
  watch: {
    alarm: 0.1,
    compositeAlarm: 0.5,
    metric: 0.3,
    dashboard: 3,
    lambdaRequest: 0.2 / 1_000_000,
    lambdaGbSecond: 0.0000166667,
    tableWrite: 0.625 / 1_000_000,
    tableRead: 0.125 / 1_000_000,
  },
  /** A customer-managed KMS key. UNVERIFIED. */
  kmsKey: 1,
  secret: 0.4,
} as const;

export type StorageClass = keyof typeof AWS_PRICES.s3;
