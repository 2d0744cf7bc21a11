import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3';
import { FolderStore } from '../../lib/transfer-endpoint/folder-store.js';
import { S3Store } from '../../lib/transfer-endpoint/s3-store.js';
import { sharedRadosgw } from '../peers/shared.js';
import { objectStoreContract } from './object-store.js';

objectStoreContract('folder', async () => {
  const root = await mkdtemp(join(tmpdir(), 'store-'));
  return {
    store: await FolderStore.open(root),
    leftovers: async () => (await readdir(join(root, '.incoming'))).length,
    stop: () => rm(root, { recursive: true }),
  };
});

objectStoreContract('S3 on radosgw', async () => {
  const radosgw = await sharedRadosgw();
  const bucket = await radosgw.createBucket();
  const store = new S3Store({ ...radosgw.access, bucket });
  const client = new S3Client({ ...radosgw.access, forcePathStyle: true });
  return {
    store,
    async leftovers() {
      const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
      return Uploads.length;
    },
    async stop() {
      client.destroy();
      await store.close();
    },
  };
});
