import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
  const synth = (retentionDays: string) =>
    run(
      'node_modules/.bin/cdk',
      ['synth', '--quiet', '--no-notices', '--output', join(dir, 'out'), '-c', `retentionDays=${retentionDays}`],
      { env: { PATH: process.env.PATH, HOME: dir, AWS_EC2_METADATA_DISABLED: 'true' } },
    );

  it('needs no account, passes every check, and takes the retention from the command line', async () => {
    await synth('90');
    const template = await readFile(join(dir, 'out', 'NvrUplinkArchive.template.json'), 'utf8');
    expect(template).toContain('"ExpirationInDays": 90');
    const manifest = JSON.parse(await readFile(join(dir, 'out', 'manifest.json'), 'utf8'));
    expect(manifest.artifacts.NvrUplinkArchive.environment).toBe('aws://unknown-account/unknown-region');
  });

  it('says what is wrong with a bad retention, and writes no template', async () => {
    await expect(synth('soon')).rejects.toMatchObject({
      stderr: expect.stringContaining('write a whole number of days from 1 to 36500, e.g. -c retentionDays=90'),
    });
    const written = await readdir(dir, { recursive: true });
    expect(written.filter((path) => path.endsWith('.template.json'))).toEqual([]);
  });
});
