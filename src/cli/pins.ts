import type { Config } from '../config/schema.js';
import { spoolLayout } from '../spool/layout.js';
import type { PinStore } from '../upload/connect.js';
import { thereFor } from './storage-there.js';

/** Pins of first contacts are the recorder's, in its ledger; where there is none yet, they last as long as the command. Rejects as `thereFor`: who does not know them would trust anybody. */
export async function ledgerPins(config: Config): Promise<{ pins: PinStore; release: () => void }> {
  const { ledger: path } = spoolLayout(config.storage.dir);
  if (!thereFor(config, path)) {
    const held = new Map<string, string>();
    const setPin = (remote: string, fingerprint: string) => void held.set(remote, fingerprint);
    return { pins: { pin: (remote) => held.get(remote), setPin }, release: () => undefined };
  }
  const { Ledger } = await import('../ledger/ledger.js');
  const { folderMemory } = await import('../ledger/folder-memory.js');
  const ledger = new Ledger(path);
  return {
    pins: {
      pin: (remote) => ledger.meta(`host-key:${remote}`),
      setPin: (remote, fingerprint) => ledger.setMeta(`host-key:${remote}`, fingerprint),
      folder: (remote, of) => folderMemory(ledger, remote, of),
    },
    release: () => ledger.close(),
  };
}
