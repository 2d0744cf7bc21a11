/** A reply that says no: its FTP code, and why. */
export class Refusal extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = 'Refusal';
    this.code = code;
  }
}

const OF_THE_DISK: Record<string, Refusal> = {
  ENOSPC: new Refusal(452, 'No space left'),
  EDQUOT: new Refusal(452, 'No space left'),
  ENAMETOOLONG: new Refusal(553, 'File name too long'),
};

/** What a client is told of any error: nothing of our disk but what it can act on. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  return OF_THE_DISK[(error as NodeJS.ErrnoException).code ?? ''] ?? new Refusal(451, 'Something went wrong here');
}
