import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const run = promisify(execFile);

describe('cdk synth', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'synth-'));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  /** Nothing of the caller's environment: no credentials, no profile, no region. */
  const synth = (config: string) =>
    run(
      'node_modules/.bin/cdk',
      ['synth', '--quiet', '--no-notices', '--output', join(dir, 'out'), '-c', `config=${resolve(config)}`],
      { env: { PATH: process.env.PATH, HOME: dir, AWS_EC2_METADATA_DISABLED: 'true' } },
    );

  it('needs no account, no network, no Docker and no secret of the recorder, and passes every check', async () => {
    await synth('cdk/examples/vpc-sftp-ftps.yaml');
    const manifest = JSON.parse(await readFile(join(dir, 'out', 'manifest.json'), 'utf8'));
    expect(manifest.artifacts.ShopArchiveTransfer.environment).toBe('aws://unknown-account/unknown-region');
    const template = await readFile(join(dir, 'out', 'ShopArchiveArchive.template.json'), 'utf8');
    expect(template).toContain('"ExpirationInDays": 180');
    // The sign-in is there as one file of JavaScript.
    const written = await readdir(join(dir, 'out'), { recursive: true });
    expect(written.filter((path) => path.endsWith('index.mjs'))).toHaveLength(3);
  });

  it('says everything that is wrong, where, and writes no template', async () => {
    const config = join(dir, 'faulty.yaml');
    await writeFile(config, 'aws:\n  transfer: { protocols: [ftps] }\nsites: { home: { transport: ftps } }\n');
    const refused = await synth(config).catch((error: { stderr: string }) => error.stderr);
    expect(refused).toContain('4 faults');
    expect(refused).toContain('aws.transfer.endpoint (line 2): public – AWS offers only SFTP on a public endpoint');
    expect(refused).toContain('→ ');
    const written = await readdir(dir, { recursive: true });
    expect(written.filter((path) => path.endsWith('.template.json'))).toEqual([]);
  });
});
