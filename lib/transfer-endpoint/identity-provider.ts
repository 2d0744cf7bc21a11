import type { AuthContext, ParsedKey, PublicKeyAuthContext } from 'ssh2';
import { folderOf } from '../remote/key.js';
import { SessionPolicy } from './session-policy.js';
import {
  type EndpointUser,
  type Identity,
  isKeyProven,
  type KeyProof,
  parsePublicKey,
  type SignedIn,
  type SignInMethod,
} from './users.js';

/** What Transfer Family asks a Lambda function about each sign-in. `password` is empty where a key is offered. */
export interface IdentityRequest {
  username: string;
  password: string;
  protocol: 'SFTP' | 'FTPS' | 'FTP';
  serverId: string;
  sourceIp: string;
}

/** What it takes for an answer; without `Role` it is a refusal. `Policy` and `HomeDirectoryDetails` are JSON in a string. */
export interface IdentityReply {
  Role?: string;
  Policy?: string;
  HomeDirectoryType?: 'PATH' | 'LOGICAL';
  HomeDirectory?: string;
  HomeDirectoryDetails?: string;
  PublicKeys?: string[];
}

export interface IdentityProviderOptions {
  /** Rejecting refuses the sign-in, as a function that fails does. */
  ask(request: IdentityRequest): Promise<IdentityReply>;
  /** The bucket that the store stands for: home directories begin with its name. */
  bucket: string;
  /** @default 's-0123456789abcdef0' */
  serverId?: string;
  /** `SftpAuthenticationMethods` of the server. @default 'PUBLIC_KEY_OR_PASSWORD' */
  methods?: 'PUBLIC_KEY' | 'PASSWORD' | 'PUBLIC_KEY_OR_PASSWORD' | 'PUBLIC_KEY_AND_PASSWORD';
}

const METHODS: Record<NonNullable<IdentityProviderOptions['methods']>, readonly SignInMethod[]> = {
  PUBLIC_KEY: ['publickey'],
  PASSWORD: ['password'],
  PUBLIC_KEY_OR_PASSWORD: ['publickey', 'password'],
  PUBLIC_KEY_AND_PASSWORD: ['publickey', 'password'],
};

/** Who may sign in, decided elsewhere, as by a server with `IdentityProviderType: AWS_LAMBDA`. */
export class IdentityProvider implements Identity {
  readonly methods: readonly SignInMethod[];
  /** Whether it takes every method rather than any. */
  readonly needsAll: boolean;
  readonly #options: IdentityProviderOptions;

  constructor(options: IdentityProviderOptions) {
    const { methods = 'PUBLIC_KEY_OR_PASSWORD' } = options;
    this.methods = METHODS[methods];
    this.needsAll = methods === 'PUBLIC_KEY_AND_PASSWORD';
    this.#options = options;
  }

  async check(attempt: AuthContext, sourceIp: string): Promise<SignedIn | undefined> {
    if (!(this.methods as string[]).includes(attempt.method)) return undefined;
    if (attempt.method === 'password') {
      const user = await this.password(attempt.username, attempt.password, { protocol: 'SFTP', sourceIp });
      return user && { user, probing: false };
    }
    if (attempt.method !== 'publickey') return undefined;
    const proof = kept(attempt);
    const reply = await this.#ask({ username: attempt.username, password: '', protocol: 'SFTP', sourceIp });
    if (!reply) return undefined;
    const user = this.#userOf(attempt.username, reply);
    const keys: ParsedKey[] = (reply.PublicKeys ?? []).map((line) => parsePublicKey(attempt.username, line));
    const proven = isKeyProven(proof, keys);
    return proven && { user, probing: proven === 'probing' };
  }

  /** Also what FTPS and FTP ask: they know no keys. */
  async password(
    username: string,
    password: string,
    { protocol, sourceIp }: Pick<IdentityRequest, 'protocol' | 'sourceIp'>,
  ): Promise<EndpointUser | undefined> {
    const reply = await this.#ask({ username, password, protocol, sourceIp });
    // Keys in the answer to a password are an error; they are what a function answers to an empty one.
    if (!reply || reply.PublicKeys) return undefined;
    return this.#userOf(username, reply);
  }

  async #ask(request: Omit<IdentityRequest, 'serverId'>): Promise<IdentityReply | undefined> {
    const { ask, serverId = 's-0123456789abcdef0' } = this.#options;
    // Over the wire it is JSON both ways: what does not survive that must not work here.
    const event = JSON.parse(JSON.stringify({ ...request, serverId })) as IdentityRequest;
    const reply = JSON.parse(JSON.stringify(await ask(event))) as IdentityReply;
    return reply.Role ? reply : undefined;
  }

  /** Throws where AWS would end the session over the answer. */
  #userOf(name: string, reply: IdentityReply): EndpointUser {
    const { bucket } = this.#options;
    const policy = reply.Policy === undefined ? undefined : new SessionPolicy(reply.Policy, bucket);
    return { name, ...homeOf(reply, bucket), mode: 'verify', policy };
  }
}

/** ssh2 may use the memory of a packet again once its handler has returned. */
function kept({ key, signature, blob, hashAlgo }: PublicKeyAuthContext): KeyProof {
  return {
    key: { ...key, data: Buffer.from(key.data) },
    signature: signature && Buffer.from(signature),
    blob: blob && Buffer.from(blob),
    hashAlgo,
  };
}

/** The one folder that is mapped; Transfer takes several, and uploads need no more. */
function homeOf({ HomeDirectoryType, HomeDirectoryDetails }: IdentityReply, bucket: string) {
  if (HomeDirectoryType !== 'LOGICAL' || !HomeDirectoryDetails) throw new Error('HomeDirectoryType must be LOGICAL');
  const [mapping, ...others] = JSON.parse(HomeDirectoryDetails) as { Entry: string; Target: string }[];
  const { Entry = '', Target = '' } = mapping ?? {};
  if (!/^\/[^/]*$/.test(Entry) || others.length > 0) throw new Error('HomeDirectoryDetails must map one folder');
  if (!Target.startsWith(`/${bucket}/`) || Target.endsWith('/')) {
    throw new Error(`The home directory ${Target} must be /${bucket}/FOLDER`);
  }
  return { root: folderOf(Target.slice(bucket.length + 2)), entry: Entry === '/' ? undefined : Entry.slice(1) };
}
