import { DeleteHostKeyCommand, ImportHostKeyCommand, ListHostKeysCommand } from '@aws-sdk/client-transfer';
import { Failure } from '../../../lib/errors.js';
import { type AwsClients, translated } from './clients.js';

/** A key that the endpoint proves itself with. Every one that is there may be shown, so recorders pin them all. */
export interface HostKeyEntry {
  id: string;
  /** `SHA256:…`, as recorders pin it. */
  fingerprint: string;
  type: string;
  /** ISO time; null where AWS does not say. */
  importedAt: string | null;
}

/** Oldest first. */
export async function listHostKeys(serverId: string, { transfer }: AwsClients): Promise<HostKeyEntry[]> {
  return translated('The host keys cannot be listed', async () => {
    const keys: HostKeyEntry[] = [];
    let token: string | undefined;
    do {
      const page = await transfer.send(new ListHostKeysCommand({ ServerId: serverId, NextToken: token }));
      for (const { HostKeyId, Fingerprint, Type, DateImported } of page.HostKeys ?? []) {
        keys.push({
          id: HostKeyId ?? '',
          fingerprint: pinnable(Fingerprint ?? ''),
          type: Type ?? '',
          importedAt: DateImported?.toISOString() ?? null,
        });
      }
      token = page.NextToken;
    } while (token !== undefined);
    return keys.sort((a, b) => (a.importedAt ?? '').localeCompare(b.importedAt ?? ''));
  });
}

/** AWS pads the base64; OpenSSH, and so the configuration, does not. */
function pinnable(fingerprint: string): string {
  return fingerprint.replace(/=+$/, '');
}

export async function importHostKey(
  serverId: string,
  { privateKey, description }: { privateKey: string; description: string },
  { transfer }: AwsClients,
): Promise<string> {
  return translated('The host key cannot be imported', async () => {
    const { HostKeyId } = await transfer.send(
      new ImportHostKeyCommand({ ServerId: serverId, HostKeyBody: privateKey, Description: description }),
    );
    return HostKeyId ?? '';
  });
}

/**
 * Takes off all keys of a type but the newest: whoever pinned only an old one is shut out from now on. Returns those taken
 * off. Rejects where there is none to take off.
 */
export async function retireHostKeys(serverId: string, clients: AwsClients): Promise<HostKeyEntry[]> {
  const keys = await listHostKeys(serverId, clients);
  const retired = olderOfSameType(keys);
  if (retired.length === 0) {
    throw new Failure('There is no older host key to take off', {
      kind: 'permanent',
      code: 'nothing-to-retire',
      hint: 'Make a new one first: nvr-uplink aws keys rotate',
    });
  }
  for (const { id } of retired) {
    await translated(`The host key ${id} cannot be taken off`, () =>
      clients.transfer.send(new DeleteHostKeyCommand({ ServerId: serverId, HostKeyId: id })),
    );
  }
  return retired;
}

/** Clients choose by type: the last of a type must stay. */
export function olderOfSameType(keys: readonly HostKeyEntry[]): HostKeyEntry[] {
  return keys.filter((key, index) => keys.slice(index + 1).some(({ type }) => type === key.type));
}
