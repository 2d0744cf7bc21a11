import * as z from 'zod';
import { duration } from './units.js';

/** What `remotes` may hold: one shape for each `type`. */

const text = z.string().min(1);
const port = z.number().int().min(0).max(65535);
/** Files sent at once. */
const parallel = z.number().int().min(1).max(16);

/** The folder on the server that keys are under: absolute, or relative to where the user lands. */
const root = z
  .string()
  .refine((path) => !path.split('/').includes('..'), { error: 'no ".." in it' })
  .default('');

/** Rules between settings are checked even where one of them is faulty: all faults are told at once. */
export function isGroup({ value }: { value: unknown }): boolean {
  return typeof value === 'object' && value !== null;
}

/** How long after a put that failed the server may still publish what it had of it; a copy sent since is looked at again then. */
const settle = duration.default(15 * 60_000);

/** `false`: nobody may list what lies there, and no `archive` shows it: the `verify` command is not to ask, and says so. */
const verify = z.boolean().optional();

const SSH_FINGERPRINT = 'write it as OpenSSH prints it, e.g. SHA256:uNiVztksCsDhcc0u9e8BrqXVb…';
const sshFingerprint = z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}=?$/, { error: SSH_FINGERPRINT });

const host = text.refine((name) => !/^[^:]+:\d+$/.test(name), {
  error: 'write the port apart from it, as `port: 22`',
});

const sftp = z
  .strictObject({
    type: z.literal('sftp'),
    host,
    port: port.default(22),
    username: text,
    password: text.optional(),
    key_file: text.optional(),
    passphrase: text.optional(),
    /** Keys of an SSH agent: `true` for the one in SSH_AUTH_SOCK, or the path of its socket. */
    agent: z.union([z.literal(true), text], { error: 'write `true`, or the path of the socket' }).optional(),
    /** SHA256 fingerprints as OpenSSH prints them, or `trust-on-first-use` to pin what the first connection shows. */
    host_key: z.union(
      [z.literal('trust-on-first-use'), z.array(sshFingerprint).min(1), sshFingerprint.transform((one) => [one])],
      { error: `${SSH_FINGERPRINT}, or \`trust-on-first-use\`` },
    ),
    root,
    /** Over the one connection. */
    parallel: parallel.max(8).default(2),
    settle,
    verify,
  })
  .refine(({ password, key_file, agent }) => password || key_file || agent, {
    error: 'give `key_file` (or `password`, or `agent`): there is no way to sign in',
    when: isGroup,
  });

const CERTIFICATE = 'write it as `openssl x509 -fingerprint -sha256` prints it: 64 hexadecimal digits, e.g. AB:CD:…';
const certificate = z.string().regex(/^(?:[0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$/, { error: CERTIFICATE });

/** An authority of one's own, or a self-signed certificate itself, in PEM. */
const caFile = text.optional();

const ftpAccount = {
  host,
  port: port.default(21),
  username: text,
  password: text,
  root,
  /** Each over a connection of its own: FTP cannot do otherwise. Small files go over twice as many. */
  parallel: parallel.default(4),
  settle,
  verify,
};

const ftps = z.strictObject({
  type: z.literal('ftps'),
  ...ftpAccount,
  ca_file: caFile,
  /** SHA-256 of the server's certificate, or several; then no authority is asked. */
  certificate: z
    .union([z.array(certificate).min(1), certificate.transform((one) => [one])], { error: CERTIFICATE })
    .optional(),
});

const ftp = z.strictObject({
  type: z.literal('ftp'),
  ...ftpAccount,
  allow_cleartext: z.literal(true, {
    error:
      'plain FTP sends everything in the clear, the password too: use `ftps` (or `https`), or add `allow_cleartext: true`',
  }),
});

const allowCleartext = z.boolean().default(false);

/** A bucket, and how it is reached: to write to it or to read from it. */
const s3Place = {
  type: z.literal('s3'),
  bucket: text,
  region: text.optional(),
  /** Of a server other than AWS. */
  endpoint: text.optional(),
  path_style: z.boolean().optional(),
  /** What keys are under. */
  prefix: z
    .string()
    .regex(/^[^/].*[^/]$|^[^/]$/, { error: 'without a "/" at either end' })
    .optional(),
  access_key_id: text.optional(),
  secret_access_key: text.optional(),
  session_token: text.optional(),
  /** Of ~/.aws; without it and without keys, the SDK looks where it always does. */
  profile: text.optional(),
  ca_file: caFile,
  allow_cleartext: allowCleartext,
};

function checkS3(remote: z.infer<z.ZodObject<typeof s3Place>>, context: z.RefinementCtx): void {
  const fault = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
  const { access_key_id: id, secret_access_key: secret, endpoint } = remote;
  if (!remote.region && !endpoint) fault('region', 'write the region the bucket is in, e.g. eu-north-1');
  if (id && !secret) fault('secret_access_key', 'it goes with `access_key_id`');
  if (secret && !id) fault('access_key_id', 'it goes with `secret_access_key`');
  if (id && remote.profile) fault('profile', 'give this or `access_key_id`, not both');
  const problem = endpoint === undefined ? undefined : urlProblem(endpoint, remote.allow_cleartext);
  if (problem) fault('endpoint', problem);
}

const s3 = z
  .strictObject({
    ...s3Place,
    parallel: parallel.default(2),
    /** What must be known of a copy before the local one may go. */
    proof: z.enum(['size', 'checksum']).default('size'),
  })
  .superRefine(checkS3);

/** What Node puts into a header: a line break would end it. */
export const headerText = text.regex(/^[\t\x20-\x7e\x80-\xff]*$/, {
  error: 'no header can hold a line break, another control character, or letters beyond Latin-1; write it on one line',
});
export const headersOf = z.record(
  z.string().regex(/^[A-Za-z0-9-]+$/, { error: 'not the name of a header' }),
  headerText,
);

const https = z
  .strictObject({
    type: z.literal('https'),
    /** The key takes the place of `{key}`, or is added at the end. */
    url: text,
    method: z.enum(['PUT', 'POST']).default('PUT'),
    /** Sent as `Authorization: Bearer …`. */
    token: headerText.optional(),
    username: text.optional(),
    password: text.optional(),
    headers: headersOf.optional(),
    ca_file: caFile,
    allow_cleartext: allowCleartext,
    parallel: parallel.default(2),
    /** `accepted` lets the local copy go on the server's word alone. */
    proof: z.enum(['accepted', 'size', 'checksum']).default('size'),
    verify,
  })
  .superRefine((remote, context) => {
    const fault = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    const problem = urlProblem(remote.url, remote.allow_cleartext);
    if (problem) fault('url', problem);
    if (remote.token && remote.username) fault('token', 'give this or `username`, not both');
    if (!remote.username !== !remote.password) fault('username', '`username` and `password` go together');
  });

export function urlProblem(value: string, allowsCleartext: boolean): string | undefined {
  if (!URL.canParse(value)) return 'not a URL; write https://HOST/PATH';
  const { protocol, username, password } = new URL(value);
  if (username || password) return 'sign-in details do not belong in the URL; there are settings for them';
  if (protocol === 'https:' || (protocol === 'http:' && allowsCleartext)) return undefined;
  return protocol === 'http:'
    ? 'http sends everything in the clear, the sign-in too: use `https`, or add `allow_cleartext: true`'
    : `"${protocol}//" is not supported; write https://HOST/PATH`;
}

/** It must exist: an unmounted disk must not be filled. */
export const folder = z.strictObject({ type: z.literal('folder'), path: text });

export const remoteSchema = z.discriminatedUnion('type', [sftp, ftps, ftp, s3, https, folder], {
  error: 'write `type: sftp`, `ftps`, `ftp`, `s3`, `https` or `folder`',
});

/** The remotes that fill the archive, where its place alone does not tell: several that may only be put to. */
const remotes = z
  .union([z.array(text).min(1), text.transform((one) => [one])], { error: 'write the names of remotes, e.g. [aws]' })
  .optional();

/** Where footage is read from that the recorder no longer has. */
export const archiveSchema = z.discriminatedUnion(
  'type',
  [folder.extend({ remotes }), z.strictObject({ ...s3Place, remotes }).superRefine(checkS3)],
  { error: 'write `type: s3` or `folder`' },
);
