import { randomUUID } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runChild } from '../child.js';
import { Failure } from '../errors.js';

export interface Certificate {
  key: Buffer;
  cert: Buffer;
}

/**
 * A certificate that signs itself, as cameras come with: made by the openssl program, because Node can check certificates
 * but not make them. Good for ten years, so that nobody meets an expired one by accident.
 */
export async function selfSigned(name: string, address: string, signal: AbortSignal): Promise<Certificate> {
  const [key, cert] = ['key', 'crt'].map((kind) => join(tmpdir(), `camera-${randomUUID()}.${kind}`)) as [
    string,
    string,
  ];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '3650'];
  const names = ['-subj', `/CN=${name.replace(/[^\w.-]/g, '-')}`, '-addext', `subjectAltName=IP:${address}`];
  try {
    const args = ['req', '-x509', ...kind, ...names, '-keyout', key, '-out', cert];
    const result = await runChild('openssl', args, signal).catch((error: unknown) => {
      throw failed('could not be started', error);
    });
    if (result.code !== 0) throw failed(result.stderr);
    return { key: await readFile(key), cert: await readFile(cert) };
  } finally {
    await Promise.all([key, cert].map((file) => rm(file, { force: true })));
  }
}

function failed(why: string, cause?: unknown): Failure {
  return new Failure(`openssl made no certificate for the simulated camera: ${why}`, {
    kind: 'permanent',
    code: 'openssl-failed',
    hint: 'Install openssl: apt-get install openssl',
    cause,
  });
}
