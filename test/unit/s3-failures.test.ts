import { S3ServiceException } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { s3Failure } from '../../lib/remote/s3-failures.js';

const said = (name: string, httpStatusCode: number) =>
  new S3ServiceException({ name, $fault: 'client', message: 'words of the service', $metadata: { httpStatusCode } });
const thrown = (name: string, message: string, code?: string) => Object.assign(new Error(message), { name, code });

describe('what S3 and the network say', () => {
  it.each([
    [said('InvalidAccessKeyId', 403), 'permanent', 'sign-in-refused'],
    [said('SignatureDoesNotMatch', 403), 'permanent', 'sign-in-refused'],
    [said('ExpiredToken', 400), 'permanent', 'sign-in-refused'],
    [said('AccessDenied', 403), 'permanent', 'permission-denied'],
    [said('SomethingNew', 403), 'permanent', 'permission-denied'],
    [said('NoSuchBucket', 404), 'permanent', 'bucket-missing'],
    [said('PermanentRedirect', 301), 'permanent', 'wrong-region'],
    [said('RequestTimeTooSkewed', 403), 'transient', 'clock-wrong'],
    [said('BadDigest', 400), 'transient', 'checksum-mismatch'],
    [said('QuotaExceeded', 403), 'transient', 'remote-full'],
    [said('Unknown', 507), 'transient', 'remote-full'],
    [said('SlowDown', 503), 'transient', 'remote-busy'],
    [said('InternalError', 500), 'transient', 'remote-failure'],
    [thrown('CredentialsProviderError', 'Could not load credentials'), 'permanent', 'credentials-missing'],
    [thrown('TimeoutError', 'Socket timed out without establishing a connection'), 'transient', 'unreachable'],
    [thrown('TimeoutError', 'the request socket timed out after 30000 ms of inactivity'), 'transient', 'stalled'],
    [thrown('Error', 'connect ECONNREFUSED', 'ECONNREFUSED'), 'transient', 'unreachable'],
    [thrown('Error', 'getaddrinfo ENOTFOUND x', 'ENOTFOUND'), 'transient', 'unreachable'],
    [thrown('TimeoutError', 'read ECONNRESET', 'ECONNRESET'), 'transient', 'connection-lost'],
    [thrown('Error', 'certificate has expired', 'CERT_HAS_EXPIRED'), 'permanent', 'certificate-refused'],
  ])('%s is %s: %s', (cause, kind, code) => {
    const failure = s3Failure('s3://bucket', 'store k', 30_000, cause);
    expect(failure).toMatchObject({ name: 'Failure', kind, code });
    expect(failure.hint).toMatch(/^[A-Z].*[.?]$/);
  });
});
