import { Attempt } from './attempt.js';
import { HostKeys } from './host-key.js';
import { dial, type SftpEndpoint } from './sftp-dial.js';
import { isPermissionDenied, requestFailure } from './sftp-failures.js';

/**
 * Whether the user may read a file that is there: false only where the server denies just that. On a connection of its own, with a
 * pinned host. Rejects with a `Failure` for anything else.
 */
export async function mayRead(
  endpoint: SftpEndpoint,
  { hostKeys, path, signal }: { hostKeys: readonly string[]; path: string; signal: AbortSignal },
): Promise<boolean> {
  const name = `sftp://${endpoint.username}@${endpoint.host}:${endpoint.port}`;
  const attempt = new Attempt(signal);
  const { channel, socket } = await dial(endpoint, name, new HostKeys(hostKeys), attempt);
  try {
    return await attempt.race(
      new Promise<boolean>((resolve, reject) => {
        channel.open(path, 'r', (error) => {
          if (!error) resolve(true);
          else if (isPermissionDenied(error)) resolve(false);
          else reject(requestFailure(name, `read ${path}`, error));
        });
      }),
    );
  } finally {
    socket.destroy();
  }
}
