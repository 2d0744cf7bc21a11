import { type ChildProcess, execFile } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { ended, spawnDependent, stopChild, tail } from '../../lib/child.js';
import { systemClock } from '../../lib/clock.js';

const run = promisify(execFile);

/** How long Ceph may take to get ready; 13 to 20 s is usual on two cores. */
const READY_MS = 120_000;
const POLL_MS = 250;

export interface TemporaryCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
}

/** Where a gateway is and how it is administered: plain data, so that other processes can use it. */
export interface RadosgwAddress {
  endpoint: string;
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
  conf: string;
}

/** Debian's Ceph as an S3 server: one monitor, one OSD in memory, one gateway, all below a folder of its own. */
export async function startRadosgw(): Promise<RadosgwAddress & { stop(): Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), 'radosgw-'));
  const daemons: Daemon[] = [];
  const stop = async () => {
    // Gateway first, monitor last: each needs the next to end in good order.
    for (const daemon of daemons.reverse()) await daemon.stop();
    await rm(dir, { recursive: true, force: true });
  };
  try {
    return { ...(await start(dir, daemons)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(dir: string, daemons: Daemon[]): Promise<RadosgwAddress> {
  const [v2, v1, port] = await freePorts(3);
  const monitors = `[v2:127.0.0.1:${v2},v1:127.0.0.1:${v1}]`;
  const fsid = randomUUID();
  const conf = join(dir, 'ceph.conf');
  await writeFile(conf, configuration(dir, fsid, monitors, port!));
  const ceph = async (...args: string[]) =>
    (await run('ceph', ['-c', conf, '--connect-timeout', '60', ...args])).stdout;

  await run('monmaptool', ['--create', '--fsid', fsid, '--addv', 'a', monitors, join(dir, 'monmap')]);
  await run('ceph-mon', ['-c', conf, '--mkfs', '-i', 'a', '--monmap', join(dir, 'monmap')]);
  daemons.push(new Daemon('ceph-mon', ['-f', '-c', conf, '-i', 'a']));

  const osd = randomUUID();
  await ceph('osd', 'new', osd, '0');
  await mkdir(join(dir, 'osd'));
  await run('ceph-osd', ['-c', conf, '-i', '0', '--mkfs', '--osd-uuid', osd]);
  await ceph('osd', 'crush', 'add', 'osd.0', '1.0', 'root=default', 'host=local');
  daemons.push(new Daemon('ceph-osd', ['-f', '-c', conf, '-i', '0']));

  const endpoint = `http://127.0.0.1:${port}`;
  const gateway = new Daemon('radosgw', ['-f', '-c', conf, '-n', 'client.rgw.local']);
  daemons.push(gateway);
  await gateway.until(() => answers(endpoint));
  return { endpoint, region: 'default', credentials: await createUser(conf), conf };
}

/** A daemon kept in the foreground, so that it is ours to end. */
class Daemon {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #stderr: () => string;

  constructor(name: string, args: string[]) {
    this.#name = name;
    this.#child = spawnDependent(name, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#stderr = tail(this.#child);
    this.#ended = ended(this.#child);
  }

  async until(ready: () => Promise<boolean>): Promise<void> {
    const deadline = systemClock.monotonic() + READY_MS;
    while (!(await ready())) {
      if (this.#child.exitCode !== null || systemClock.monotonic() > deadline) {
        throw new Error(`${this.#name} did not get ready: ${this.#stderr()}`);
      }
      await systemClock.sleep(POLL_MS);
    }
  }

  async stop(): Promise<void> {
    stopChild(this.#child);
    await this.#ended;
  }
}

/** With keys that Ceph makes up. */
async function createUser(conf: string): Promise<RadosgwAddress['credentials']> {
  const admin = async (...args: string[]) => (await run('radosgw-admin', ['-c', conf, ...args])).stdout;
  const user = JSON.parse(await admin('user', 'create', '--uid=test', '--display-name=test'));
  await admin('caps', 'add', '--uid=test', '--caps=roles=*;user-policy=*');
  return { accessKeyId: user.keys[0].access_key, secretAccessKey: user.keys[0].secret_key };
}

/** A client of a running gateway. */
export class Radosgw {
  readonly address: RadosgwAddress;
  /** What our own parts are told of it. */
  readonly access: Pick<RadosgwAddress, 'endpoint' | 'region' | 'credentials'>;

  constructor(address: RadosgwAddress) {
    const { endpoint, region, credentials } = address;
    this.address = address;
    this.access = { endpoint, region, credentials };
  }

  /** Creates a bucket with a new name. */
  async createBucket({ objectLock }: { objectLock?: boolean } = {}): Promise<string> {
    const Bucket = `archive-${randomBytes(4).toString('hex')}`;
    const client = new S3Client({ ...this.access, forcePathStyle: true });
    try {
      await client.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: objectLock }));
    } finally {
      client.destroy();
    }
    return Bucket;
  }

  /** Credentials of a new role that may do what `policy` allows, and of that only what `sessionPolicy` allows, too. */
  assumeRole(policy: object, sessionPolicy?: string): Promise<TemporaryCredentials> {
    return assumeRole(this.address, policy, sessionPolicy);
  }
}

/** A role that only the test's own user may take on: Ceph has no services of Amazon's to trust. */
async function assumeRole(
  { conf, endpoint, region, credentials }: RadosgwAddress,
  policy: object,
  sessionPolicy: string | undefined,
): Promise<TemporaryCredentials> {
  const admin = (...args: string[]) => run('radosgw-admin', ['-c', conf, ...args]);
  const name = `role-${randomBytes(4).toString('hex')}`;
  const trust = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS: ['arn:aws:iam:::user/test'] }, Action: ['sts:AssumeRole'] }],
  };
  await admin('role', 'create', `--role-name=${name}`, `--assume-role-policy-doc=${JSON.stringify(trust)}`);
  await admin(
    ...['role-policy', 'put', `--role-name=${name}`, '--policy-name=test'],
    `--policy-doc=${JSON.stringify(policy)}`,
  );
  const sts = new STSClient({ endpoint, region, credentials });
  try {
    const { Credentials } = await sts.send(
      new AssumeRoleCommand({
        ...{ RoleArn: `arn:aws:iam:::role/${name}`, RoleSessionName: 'test' },
        Policy: sessionPolicy,
      }),
    );
    const { AccessKeyId, SecretAccessKey, SessionToken } = Credentials!;
    return { accessKeyId: AccessKeyId!, secretAccessKey: SecretAccessKey!, sessionToken: SessionToken! };
  } finally {
    sts.destroy();
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).status < 500;
  } catch {
    // Not listening yet.
    return false;
  }
}

/** Ports that were free a moment ago: Ceph cannot be told to choose. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function configuration(dir: string, fsid: string, monitors: string, port: number): string {
  return `
[global]
fsid = ${fsid}
mon_host = ${monitors}
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 8
osd_pool_default_pg_autoscale_mode = off
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
osd_crush_chooseleaf_type = 0
run_dir = ${dir}
admin_socket = ${dir}/$name.asok
log_file = ${dir}/$name.log
pid_file = ${dir}/$name.pid
[mon.a]
mon_data = ${dir}/mon
mon_initial_members = a
[osd.0]
osd_data = ${dir}/osd
osd_objectstore = memstore
[client.rgw.local]
rgw_frontends = beast endpoint=127.0.0.1:${port}
rgw_data = ${dir}/rgw
# With authentication off, anything else ends in error -13.
ms_mon_client_mode = crc
rgw_s3_auth_use_sts = true
rgw_sts_key = 0123456789abcdef
`;
}
