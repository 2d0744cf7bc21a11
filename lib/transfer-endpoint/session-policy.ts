import { Failure } from '../errors.js';

type OneOrMany = string | string[];

interface Statement {
  Effect: 'Allow' | 'Deny';
  Action: OneOrMany;
  Resource: OneOrMany;
  Condition?: Record<string, Record<string, OneOrMany>>;
}

export type ObjectAction = 's3:GetObject' | 's3:PutObject';

/** AWS's own limit for what comes with a session. */
const MAX_CHARACTERS = 2_048;

/**
 * The policy that an identity provider sends along: as IAM reads it, as far as upload policies go. Only what a statement allows is
 * allowed, and nothing that one denies. A condition that is not known here counts as not met by what allows and as met by what denies.
 */
export class SessionPolicy {
  readonly #statements: Statement[];
  readonly #bucketArn: string;

  /** Throws `policy-invalid` for what AWS would not take either. */
  constructor(text: string, bucket: string) {
    this.#bucketArn = `arn:aws:s3:::${bucket}`;
    this.#statements = parse(text);
  }

  allowsObject(action: ObjectAction, key: string): boolean {
    return this.#decides(action, `${this.#bucketArn}/${key}`, undefined);
  }

  allowsListing(prefix: string): boolean {
    return this.#decides('s3:ListBucket', this.#bucketArn, prefix);
  }

  #decides(action: string, resource: string, prefix: string | undefined): boolean {
    const applying = this.#statements.filter(
      (statement) =>
        many(statement.Action).some((pattern) => matches(pattern.toLowerCase(), action.toLowerCase())) &&
        many(statement.Resource).some((pattern) => matches(pattern, resource)) &&
        meets(statement, prefix),
    );
    return applying.some(({ Effect }) => Effect === 'Allow') && applying.every(({ Effect }) => Effect === 'Allow');
  }
}

function meets({ Condition, Effect }: Statement, prefix: string | undefined): boolean {
  return Object.entries(Condition ?? {}).every(([operator, tests]) =>
    Object.entries(tests).every(([key, patterns]) => {
      const isKnown = key === 's3:prefix' && (operator === 'StringLike' || operator === 'StringEquals');
      if (!isKnown) return Effect === 'Deny';
      if (prefix === undefined) return false;
      return many(patterns).some((pattern) =>
        operator === 'StringLike' ? matches(pattern, prefix) : pattern === prefix,
      );
    }),
  );
}

function parse(text: string): Statement[] {
  const invalid = (why: string) =>
    new Failure(`The session policy ${why}`, {
      kind: 'permanent',
      code: 'policy-invalid',
      hint: 'Send `Policy` as a string of JSON, as IAM reads it.',
    });
  if (text.length > MAX_CHARACTERS) throw invalid(`has ${text.length} characters, more than ${MAX_CHARACTERS}`);
  let statements: unknown;
  try {
    statements = (JSON.parse(text) as { Statement?: unknown }).Statement;
  } catch {
    throw invalid('is not JSON');
  }
  const all = Array.isArray(statements) ? statements : [statements];
  const isSound = (one: Partial<Statement> | undefined) =>
    (one?.Effect === 'Allow' || one?.Effect === 'Deny') && one.Action !== undefined && one.Resource !== undefined;
  if (!all.every(isSound)) throw invalid('has a statement without Effect, Action or Resource');
  return all as Statement[];
}

/** `*` and `?` as IAM has them. */
function matches(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's').test(text);
}

function many(value: OneOrMany): string[] {
  return Array.isArray(value) ? value : [value];
}
