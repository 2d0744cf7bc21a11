import { parseMediaKey } from '../../src/segment.js';
import type { WatchTable } from './watch-table.js';

/** EventBridge's `Object Created` of S3, as far as it is used. */
export interface ObjectCreated {
  source: 'aws.s3';
  'detail-type': 'Object Created';
  /** When the object became visible. */
  time: string;
  detail: { object: { key: string; size: number } };
}

/** EventBridge's `… Server File Upload Failed` of Transfer Family, as far as it is used. */
export interface UploadFailed {
  source: 'aws.transfer';
  'detail-type': `${'SFTP' | 'FTPS' | 'FTP'} Server File Upload Failed`;
  time: string;
  detail: { username: string; 'file-path': string; 'failure-code'?: string; 'failure-message'?: string };
}

export type ArchiveEvent = ObjectCreated | UploadFailed;

/** Notes one event. Footage is a camera's sign of life; everything else that arrives is none. */
export async function note(event: ArchiveEvent, table: WatchTable): Promise<void> {
  if (event.source === 'aws.transfer') {
    const { username, 'file-path': path, 'failure-code': code, 'failure-message': message } = event.detail;
    await table.failed(username, path, [code, message].filter(Boolean).join(': ') || 'no reason given');
    return;
  }
  const media = parseMediaKey(event.detail.object.key);
  // An empty file is no footage, whoever made it.
  if (!media || event.detail.object.size === 0) return;
  // What others deliver comes when they please: nobody is to be woken because it does not.
  if (media.kind === 'inbox') return;
  await table.seen(media.site, media.camera, Date.parse(event.time));
}
