import { readFile } from 'node:fs/promises';
import { Failure, type FailureKind } from '../../lib/errors.js';
import type { OnProgress, Receipt, Remote, RemoteObject } from '../../lib/remote/remote.js';
import { sha256 } from './entries.js';

/** A remote that does what a test tells it, and stores what it is given otherwise. */
export class ScriptedRemote implements Remote {
  readonly name = 'scripted';
  lateMs = 0;
  readonly stored = new Map<string, Buffer>();
  /** Every key a put was begun for, in order. */
  readonly puts: string[] = [];
  readonly looks: string[] = [];
  closed = 0;
  /** Called before each put; what it throws is what the put ends with. */
  beforePut: (key: string, signal: AbortSignal, onProgress?: OnProgress) => unknown = () => undefined;
  beforeStat: (key: string) => unknown = () => undefined;
  /** What the receipt says in place of the truth. */
  lie: Partial<Receipt> = {};

  async put(key: string, file: string, signal: AbortSignal, onProgress?: OnProgress): Promise<Receipt> {
    this.puts.push(key);
    await this.beforePut(key, signal, onProgress);
    const data = await readFile(file);
    this.stored.set(key, data);
    return {
      key,
      bytes: data.length,
      sha256: sha256(data),
      crc64nvme: 'crc',
      proven: 'size',
      provenBy: 'stat',
      ...this.lie,
    };
  }

  async stat(key: string): Promise<RemoteObject | undefined> {
    this.looks.push(key);
    await this.beforeStat(key);
    const data = this.stored.get(key);
    return data && { key, bytes: data.length };
  }

  async *list(prefix: string): AsyncGenerator<RemoteObject> {
    for (const [key, data] of this.stored) if (key.startsWith(prefix)) yield { key, bytes: data.length };
  }

  async remove(key: string): Promise<void> {
    this.stored.delete(key);
  }

  async close(): Promise<void> {
    this.closed++;
  }
}

export function refusal(code: string, kind: FailureKind = 'transient', hint?: string): Failure {
  return new Failure(`the remote says ${code}`, { kind, code, hint });
}
