import { BlockList, isIP } from 'node:net';
import { type AccessSecret, passwordMatches } from '../../src/config/access-secret.js';
import type { UploadMode } from '../../src/config/deployment-schema.js';
import { isName } from '../../src/segment.js';
import { sessionPolicy } from '../upload-policy.js';

/** What Transfer Family asks. `password` is absent or empty where a key is offered. */
export interface SignInEvent {
  username: string;
  password?: string;
  protocol: 'SFTP' | 'FTPS' | 'FTP';
  serverId: string;
  sourceIp: string;
}

/** What it expects: a role to grant, or an empty object to refuse. Two of the fields are JSON within a string. */
export interface Granted {
  Role: string;
  Policy: string;
  HomeDirectoryType: 'LOGICAL';
  HomeDirectoryDetails: string;
  /** Only where a key was offered: together with the answer to a password, Transfer takes it for an error. */
  PublicKeys?: string[];
}

export type SignInReply = Granted | Record<string, never>;

/** What the deployment says of a site. Nothing in it is secret. */
export interface SiteRecord {
  role: string;
  bucket: string;
  mode: UploadMode;
  keys: string[];
  /** Address ranges; undefined: from anywhere. */
  allow?: string[];
  /** Of the bucket's own KMS key. */
  keyArn?: string;
}

export interface Directory {
  /** Undefined for a name that is none. */
  site(name: string): Promise<SiteRecord | undefined>;
  /** Undefined where no password was set. */
  secret(name: string): Promise<AccessSecret | undefined>;
}

/** Why somebody was let in or not, for the log. The password is no part of it. */
export interface Decision {
  reply: SignInReply;
  outcome: 'password' | 'keys' | 'unknown-user' | 'wrong-address' | 'wrong-password' | 'no-key' | 'no-password';
}

/** Decides one sign-in. Rejects only where the directory cannot be read: Transfer refuses then, too. */
export async function decide(event: SignInEvent, directory: Directory): Promise<Decision> {
  const { username, password, protocol, sourceIp } = event;
  // A name that is no site's must not become part of a path.
  const site = isName(username) ? await directory.site(username) : undefined;
  const arrives = site === undefined || site.allow === undefined || isWithin(sourceIp, site.allow);
  if (!password) {
    if (!site) return refused('unknown-user');
    if (!arrives) return refused('wrong-address');
    // FTPS and FTP know no keys: without a password, nobody proved anything.
    if (protocol !== 'SFTP') return refused('no-password');
    if (site.keys.length === 0) return refused('no-key');
    return { reply: { ...granted(username, site), PublicKeys: site.keys }, outcome: 'keys' };
  }
  const secret = site && (await directory.secret(username));
  // Compared for unknown names and wrong addresses as well: how long a refusal takes must not tell which it was.
  const matches = await passwordMatches(password, secret);
  if (!site) return refused('unknown-user');
  if (!arrives) return refused('wrong-address');
  if (!secret) return refused('no-password');
  return matches ? { reply: granted(username, site), outcome: 'password' } : refused('wrong-password');
}

function refused(outcome: Decision['outcome']): Decision {
  return { reply: {}, outcome };
}

function granted(site: string, { role, bucket, mode, keyArn }: SiteRecord): Granted {
  // `arn:aws:iam::…` → `aws`: China and GovCloud have partitions of their own.
  const partition = role.split(':')[1];
  return {
    Role: role,
    Policy: sessionPolicy({ bucketArn: `arn:${partition}:s3:::${bucket}`, site, mode, keyArn }),
    HomeDirectoryType: 'LOGICAL',
    // Not as `/`: keys begin with the site wherever they are put, so that SFTP and S3 lead to one archive.
    HomeDirectoryDetails: JSON.stringify([{ Entry: `/${site}`, Target: `/${bucket}/${site}` }]),
  };
}

function isWithin(address: string, ranges: readonly string[]): boolean {
  const version = isIP(address);
  if (version === 0) return false;
  const list = new BlockList();
  for (const range of ranges) {
    const [network, bits] = range.split('/') as [string, string];
    list.addSubnet(network, Number(bits), network.includes(':') ? 'ipv6' : 'ipv4');
  }
  return list.check(address, version === 6 ? 'ipv6' : 'ipv4');
}
