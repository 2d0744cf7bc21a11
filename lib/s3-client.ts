import { Agent } from 'node:https';
import { Readable } from 'node:stream';
import { S3Client } from '@aws-sdk/client-s3';

/** How a bucket is reached. */
export interface S3Access {
  /** @default the region of the profile */
  region?: string;
  /** @default the AWS endpoint of the region */
  endpoint?: string;
  /** `https://host/bucket/key` instead of `https://bucket.host/key`. @default whether an endpoint is given */
  forcePathStyle?: boolean;
  /** @default the SDK's chain: environment, profile, instance role */
  credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
  /** A profile of ~/.aws instead of the default one. */
  profile?: string;
  /** PEM of the authorities to accept in place of those known to this machine. */
  ca?: string | Buffer;
  /** How long a connection may lie still. @default 30,000 */
  stallMs?: number;
}

/** How long a connection may lie still, unless said otherwise. */
export const STALL_MS = 30_000;

/** The SDK tries a request once more after a failure that may pass; everything beyond that is the caller's to decide. */
const ATTEMPTS = 2;

export function s3Client(access: S3Access): S3Client {
  const { region, endpoint, credentials, profile, ca, stallMs = STALL_MS } = access;
  const client = new S3Client({
    ...(region !== undefined && { region }),
    ...{ forcePathStyle: access.forcePathStyle ?? endpoint !== undefined, maxAttempts: ATTEMPTS },
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials && { credentials }),
    ...(profile !== undefined && { profile }),
    requestHandler: {
      ...{ connectionTimeout: Math.min(10_000, stallMs), socketTimeout: stallMs },
      httpsAgent: new Agent({ keepAlive: true, maxSockets: 50, minVersion: 'TLSv1.2', ca }),
    },
  });
  client.middlewareStack.add(inSlices, { step: 'deserialize', priority: 'low', name: 'bodyInSlices' });
  return client;
}

/** Few enough bytes that a slow line takes them before a connection counts as still. */
const SLICE = 128 * 1024;

/**
 * Sends a body piece by piece. Written at once, over TLS, Node sees nothing of its progress, and the socket of a slow line
 * would count as still (5 MB at 512 kbit/s never arrived). Last of all, so that the request is signed and can be sent again.
 */
function inSlices<Args extends { request: unknown }, Result>(next: (args: Args) => Result): (args: Args) => Result {
  return (args) => {
    const request = args.request as { body?: unknown };
    if (!(request.body instanceof Uint8Array) || request.body.length <= SLICE) return next(args);
    const body = Readable.from(slices(request.body), { objectMode: false });
    // Not the request itself: a second attempt begins with the whole body again.
    return next({ ...args, request: Object.assign(Object.create(Object.getPrototypeOf(request)), request, { body }) });
  };
}

function* slices(bytes: Uint8Array): Generator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += SLICE) yield bytes.subarray(at, at + SLICE);
}
