/** What a deployment may choose, given as CDK context: `npx cdk deploy -c retentionDays=90`. */
export interface Settings {
  /**
   * Whole days after which footage and its index expire, 1 to 36,500.
   * @default - kept until somebody deletes it
   */
  readonly retentionDays?: number;
}

const MAX_DAYS = 36_500;

/** Reads the context values (`-c` gives strings, `cdk.json` gives numbers). Throws an Error that says what to write instead. */
export function readSettings(context: (name: string) => unknown): Settings {
  return { retentionDays: days('retentionDays', context('retentionDays')) };
}

function days(name: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const count = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof count === 'number' && Number.isInteger(count) && count >= 1 && count <= MAX_DAYS) return count;
  throw new Error(
    `Context "${name}" is ${JSON.stringify(value)}; write a whole number of days from 1 to ${MAX_DAYS}, e.g. -c ${name}=90.`,
  );
}
