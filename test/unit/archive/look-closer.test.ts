import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { S3Reader } from '../../../lib/objects/s3-reader.js';
import { nothingYet } from '../../../src/archive/verify/findings.js';
import { lookCloser } from '../../../src/archive/verify/look-closer.js';
import { crc64nvme } from '../../simulators/crc64nvme.js';
import { sha256 } from '../../simulators/entries.js';
import { ScriptedS3Server } from '../../simulators/scripted-s3-server.js';

const KEY = 'home/gate/2026/05/03/gate_20260503T120000Z_continuous.mp4';
const FILM = 'a film';
const expected = { key: KEY, bytes: FILM.length, sha256: sha256(FILM), crc64nvme: crc64nvme(Buffer.from(FILM)) };

describe('an object of a bucket that may be read', () => {
  let server: ScriptedS3Server;
  let reader: S3Reader;
  const look = async () => {
    const into = nothingYet();
    const wrong = await lookCloser(reader, { checksum: true, download: 0 }, () => 1)(expected, into);
    return { wrong, readBytes: into.readBytes, asked: server.operations };
  };
  const holds = (content: string) => {
    const data = Buffer.from(content);
    server.objects.set(KEY, { data, checksum: crc64nvme(data) });
  };

  beforeEach(async () => {
    server = await ScriptedS3Server.start();
    const credentials = { accessKeyId: 'viewer', secretAccessKey: 'secret' };
    reader = new S3Reader({ endpoint: server.endpoint, region: 'eu-central-1', bucket: 'archive', credentials });
  });
  afterEach(async () => {
    reader.close();
    await server.stop();
  });

  it('is compared by the CRC-64/NVME of its sender, without a byte of it being read', async () => {
    holds(FILM);
    expect(await look()).toEqual({ wrong: undefined, readBytes: 0, asked: ['head'] });
  });

  it('is named when it holds other bytes of the same size', async () => {
    holds('a Film');
    const { wrong, asked } = await look();
    expect(wrong).toBe(`its CRC-64/NVME is ${crc64nvme(Buffer.from('a Film'))}, not ${expected.crc64nvme}`);
    expect(asked).toEqual(['head']);
  });
});
