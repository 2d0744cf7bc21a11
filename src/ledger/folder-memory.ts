import type { FolderMemory } from '../../lib/remote/folder-marker.js';
import type { Ledger } from './ledger.js';

/** The folder a remote was first used with, at this path: of another path nothing is remembered. */
export function folderMemory(ledger: Ledger, remote: string, path: string): FolderMemory {
  const name = `folder:${remote}`;
  const kept = () => {
    const text = ledger.meta(name);
    return text === undefined ? undefined : (JSON.parse(text) as { path: string; id: string });
  };
  return {
    id: () => {
      const last = kept();
      return last?.path === path ? last.id : undefined;
    },
    remember: (id) => ledger.setMeta(name, JSON.stringify({ path, id })),
    known: () => (kept() === undefined ? ledger.deliveries.newestVerified(remote) : undefined),
  };
}
