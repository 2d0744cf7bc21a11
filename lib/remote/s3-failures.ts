import { S3ServiceException } from '@aws-sdk/client-s3';
import { Failure, type FailureKind, messageOf } from '../errors.js';
import { quote, stalledFailure, unreachableFailure } from './failures.js';
import { networkFailure } from './tls-trust.js';

type Meaning = [kind: FailureKind, code: string, hint: string];

const SIGN_IN: Meaning = [
  'permanent',
  'sign-in-refused',
  'Check access key and secret, or the profile they come from.',
];
const REGION: Meaning = ['permanent', 'wrong-region', 'Set `region` of this remote to where the bucket is.'];
const DAMAGED: Meaning = [
  'transient',
  'checksum-mismatch',
  'What arrived was not what was sent: something on the way changes it. The file is sent again.',
];
const FULL: Meaning = ['transient', 'remote-full', 'Raise the quota there; the local copy is kept until then.'];
const BUSY: Meaning = ['transient', 'remote-busy', 'The service asks for patience; lower `parallel` if this goes on.'];

/** By the name S3 and those who imitate it give an error. */
const MEANINGS: Record<string, Meaning> = {
  InvalidAccessKeyId: SIGN_IN,
  SignatureDoesNotMatch: SIGN_IN,
  ExpiredToken: SIGN_IN,
  InvalidToken: SIGN_IN,
  CredentialsProviderError: [
    'permanent',
    'credentials-missing',
    'Give `access_key_id` and `secret_access_key`, a `profile`, or the environment variables of AWS.',
  ],
  RequestTimeTooSkewed: [
    'transient',
    'clock-wrong',
    'Set the clock of this machine: S3 refuses signatures 15 minutes off.',
  ],
  AccessDenied: [
    'permanent',
    'permission-denied',
    'Check the access key; its user needs s3:PutObject under its prefix, and kms:GenerateDataKey where KMS encrypts.',
  ],
  NoSuchBucket: ['permanent', 'bucket-missing', 'Check `bucket`, `region` and `endpoint` of this remote.'],
  PermanentRedirect: REGION,
  AuthorizationHeaderMalformed: REGION,
  IllegalLocationConstraintException: REGION,
  BadDigest: DAMAGED,
  InvalidDigest: DAMAGED,
  XAmzContentSHA256Mismatch: DAMAGED,
  QuotaExceeded: FULL,
  SlowDown: BUSY,
  ServiceUnavailable: BUSY,
  ConditionalRequestConflict: BUSY,
};

export function isMissing(error: unknown): boolean {
  return hasName(error, 'NotFound') || hasName(error, 'NoSuchKey');
}

/** Another object has the key, and the endpoint was told never to replace one. */
export function isTaken(error: unknown): boolean {
  return statusOf(error) === 412;
}

/** The endpoint does not know conditional writes. */
export function isUnknownCondition(error: unknown): boolean {
  return statusOf(error) === 501;
}

export function isDenied(error: unknown): boolean {
  return statusOf(error) === 403;
}

/** What the SDK threw. `doing`: "store site/cam/a.mp4". */
export function s3Failure(name: string, doing: string, stallMs: number, cause: unknown): Failure {
  if (cause instanceof Failure) return cause;
  const { name: kindOfError, code } = cause as { name?: string; code?: string };
  const said = quote(messageOf(cause));
  const meaning = MEANINGS[kindOfError ?? ''] ?? byStatus(statusOf(cause));
  if (meaning) {
    const [kind, of, hint] = meaning;
    const words = said === kindOfError || said === 'UnknownError' ? kindOfError : `${kindOfError} (${said})`;
    return new Failure(`${name} refused to ${doing}: ${words}`, { kind, code: of, hint, cause });
  }
  // The SDK gives resets the name of timeouts; those have no code.
  if (kindOfError === 'TimeoutError' && code === undefined) {
    return /establish|connection/i.test(said) ? unreachableFailure(name, cause) : stalledFailure(name, stallMs);
  }
  return networkFailure(name, cause);
}

function byStatus(status: number | undefined): Meaning | undefined {
  if (status === undefined) return undefined;
  if (status === 401 || status === 403) return MEANINGS.AccessDenied;
  if (status === 301) return REGION;
  if (status === 507) return FULL;
  if (status === 429 || status === 503) return BUSY;
  return ['transient', 'remote-failure', 'The service failed at this; its status page or log may say why.'];
}

function statusOf(error: unknown): number | undefined {
  return error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
}

function hasName(error: unknown, name: string): boolean {
  return error instanceof S3ServiceException && error.name === name;
}
