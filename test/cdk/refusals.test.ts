import { describe, expect, it } from 'vitest';
import { ConfigFailure } from '../../src/config/faults.js';
import { deployment } from './synthesized.js';

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK0wmN/Cr3JXqmLW7u+g9pTh+wyqDHpSQEIQczXkVx9q recorder';
const CERTIFICATE = 'arn:aws:acm:eu-west-1:123456789012:certificate/0a1b2c3d-4e5f-6789-abcd-ef0123456789';
const FTPS = `protocols: [ftps], endpoint: vpc, identity: lambda, hostname: up.example.com, certificate: ${CERTIFICATE}`;

/** `path: remedy` of everything that is refused. */
function refused(yaml: string): string[] {
  try {
    deployment(yaml);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigFailure)) throw error;
    return error.faults.map(({ path, remedy }) => `${path}: ${remedy}`);
  }
}

/** Without the line that is refused, all of these are taken. */
describe('what the examples of refusals begin with', () => {
  it.each([
    `aws: { transfer: {} }\nsites: { home: { keys: [${KEY}] } }`,
    `aws: { transfer: { ${FTPS} } }\nsites: { home: { transport: ftps } }`,
    'aws: { transfer: { protocols: [ftp], endpoint: vpc-internal, identity: lambda } }\nsites: { home: { transport: ftp } }',
    'aws: { bucket: { retention: 90d, object_lock: { for: 90d } } }',
    'aws: { bucket: { retention: 90d, tier: glacier-ir } }',
    'aws: { catalog: {} }\nsites: { home: { cameras: [front] } }',
    '',
  ])('%s', (yaml) => {
    expect(refused(yaml)).toEqual([]);
  });
});

const home = (transfer: string, site: string) => `aws: { transfer: { ${transfer} } }\nsites: { home: { ${site} } }`;
const ftps = FTPS.replace('endpoint: vpc, ', '').replace('identity: lambda, ', '');

describe('refused at synth, with what to do instead', () => {
  it.each([
    [
      'FTPS on a public endpoint',
      home(`${ftps}, identity: lambda`, 'transport: ftps'),
      'aws.transfer.endpoint: AWS offers only SFTP on a public endpoint; for FTPS write `endpoint: vpc`',
    ],
    [
      'FTPS without a certificate',
      home(FTPS.replace(/, certificate.*/, ''), 'transport: ftps'),
      'aws.transfer.certificate: FTPS needs a certificate: request one in ACM for `hostname` and write its ARN here',
    ],
    [
      'FTPS without a host name',
      home(FTPS.replace('hostname: up.example.com, ', ''), 'transport: ftps'),
      "aws.transfer.hostname: FTPS clients verify the server's name: write the host name that the certificate is for",
    ],
    [
      'FTPS with users that AWS manages',
      home(`${ftps}, endpoint: vpc`, 'transport: ftps'),
      'aws.transfer.identity: users that AWS manages have keys and no passwords, which FTPS and FTP need; write `identity: lambda`',
    ],
    [
      'FTP on the internet',
      home('protocols: [ftp], endpoint: vpc, identity: lambda', 'transport: ftp'),
      'aws.transfer.endpoint: FTP sends passwords and footage unencrypted',
    ],
    [
      'FTP on a public endpoint',
      home('protocols: [ftp], endpoint: public, identity: lambda', 'transport: ftp'),
      'aws.transfer.endpoint: FTP sends passwords and footage unencrypted',
    ],
    [
      'FTP with users that AWS manages',
      home('protocols: [ftp], endpoint: vpc-internal', 'transport: ftp'),
      'aws.transfer.identity: users that AWS manages have keys and no passwords',
    ],
    [
      'a certificate for SFTP alone',
      home(`certificate: ${CERTIFICATE}`, `keys: [${KEY}]`),
      'aws.transfer.certificate: only FTPS uses a certificate',
    ],
    [
      'passwords with users that AWS manages',
      home('sftp_sign_in: either', `keys: [${KEY}]`),
      'aws.transfer.sftp_sign_in: users that AWS manages sign in with keys only',
    ],
    [
      'an allow-list on a public endpoint',
      home('allow: [203.0.113.7/32]', `keys: [${KEY}]`),
      'aws.transfer.allow: a public endpoint answers everybody',
    ],
    [
      'a network for a public endpoint',
      home('vpc: { id: vpc-01234567, subnets: [subnet-01234567] }', `keys: [${KEY}]`),
      'aws.transfer.vpc: a public endpoint lies in no network of yours',
    ],
    [
      'a protocol twice',
      home('protocols: [sftp, sftp]', `keys: [${KEY}]`),
      'aws.transfer.protocols: name each protocol once',
    ],
    [
      'an SFTP site without a key',
      home('', ''),
      'sites.home.keys: the recorder signs in with a key: make one with `ssh-keygen',
    ],
    [
      'an address list with users that AWS manages',
      home('', `keys: [${KEY}], allow: [203.0.113.7/32]`),
      'sites.home.allow: users that AWS manages may come from anywhere; write `identity: lambda` in aws.transfer',
    ],
    [
      'a protocol that the endpoint does not speak',
      home('', 'transport: ftps'),
      'sites.home.transport: the endpoint speaks sftp; add ftps to aws.transfer.protocols',
    ],
    [
      'SFTP without an endpoint',
      'sites: { home: { transport: sftp } }',
      'sites.home.transport: there is no endpoint; add `aws: { transfer: {} }`, or write `transport: s3`',
    ],
    [
      'a key for direct uploads',
      `sites: { home: { keys: [${KEY}] } }`,
      'sites.home.keys: a site that uploads straight to S3 signs in with an access key; remove these',
    ],
    [
      'an address list for direct uploads',
      'sites: { home: { allow: [203.0.113.7/32] } }',
      'sites.home.allow: address ranges are checked by the sign-in of aws.transfer',
    ],
    [
      'a site whose name is no user name',
      `aws: { transfer: {} }\nsites: { a1: { keys: [${KEY}] } }`,
      'sites.a1: "a1" is also its user name at the endpoint, which must have at least 3 characters',
    ],
    [
      'a lock that outlasts the retention',
      'aws: { bucket: { retention: 30d, object_lock: { for: 90d } } }',
      'aws.bucket.object_lock.for: footage cannot expire after 30 days while it is locked for 90',
    ],
    [
      'a class that does not pay',
      'aws: { bucket: { retention: 10d, tier: glacier-ir } }',
      'aws.bucket.tier: with a retention of 10 days glacier-ir costs more than it saves: each object is billed for at least 90 days there',
    ],
    [
      'a catalogue of cameras nobody named',
      'aws: { catalog: {} }\nsites: { home: {} }',
      'sites.home.cameras: the catalogue finds days by site and camera',
    ],
    [
      'more sites than fit',
      `sites: { ${Array.from({ length: 151 }, (_, i) => `site-${i}: {}`).join(', ')} }`,
      'sites: 151 sites do not fit into one deployment; make several files of up to 150 sites',
    ],
  ])('%s', (_, yaml, sentence) => {
    const all = refused(yaml);
    expect(all).toHaveLength(1);
    expect(all[0]).toContain(sentence);
  });

  it.each([
    ['aws: { bucket: { retention: 36h } }', 'write whole days from 1d to 36500d'],
    ['aws: { transfer: { zones: 4 } }', 'Transfer Family takes 1 to 3 zones'],
    ['aws: { transfer: { security_policy: TransferSecurityPolicy-2018-11 } }', 'aws.transfer.security_policy'],
    ['aws: { transfer: { log_days: 91 } }', 'aws.transfer.log_days'],
    ['aws: { transfer: { allow: [203.0.113.7] } }', 'write an address range, e.g. 203.0.113.7/32'],
    ['aws: { transfer: { allow: [203.0.113.7/33] } }', 'write an address range'],
    ['aws: { alarms: { silent_after: 1 } }', 'a late file is not silence: at least 2'],
    ['aws: { alarms: { email: [nobody] } }', 'not a mail address'],
    ['sites: { Home: {} }', 'a site name is 1 to 63 of a-z'],
    ['sites: { home: { cameras: [index] } }', 'a camera name is 1 to 63'],
    ['sites: { home: { keys: ["-----BEGIN OPENSSH PRIVATE KEY-----"] } }', 'write the one line of the .pub file'],
    ['sites: {}', 'name at least one site'],
    ['aws: { buckets: {} }', 'there is no such setting'],
  ])('%s', (yaml, sentence) => {
    const all = refused(yaml);
    expect(all).toHaveLength(1);
    expect(all[0]).toContain(sentence);
  });
});
