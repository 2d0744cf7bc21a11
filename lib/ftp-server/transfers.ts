import { once } from 'node:events';
import { isIPv4, type Socket } from 'node:net';
import { posix } from 'node:path';
import type { SecureContext } from 'node:tls';
import type { Clock } from '../clock.js';
import type { Control } from './control.js';
import { ActiveChannel, type DataChannel, PassiveChannel, plainAddress } from './data.js';
import { factsLine, longLine } from './listing.js';
import { receive } from './receive.js';
import { Refusal, refusalOf } from './refusal.js';
import type { Arriving, Tree, TreeEntry } from './tree.js';

export interface TransferSurroundings {
  context: SecureContext | undefined;
  tlsRequired: boolean;
  passive: { ports?: readonly [number, number]; address?: string };
  clock: Clock;
}

/** How a file that was to come has ended. */
export type Arrival =
  | { type: 'stored' | 'cut'; path: string; bytes: number }
  | { type: 'refused'; path: string; reason: string };

/** What goes over data connections: files in, listings out. Each transfer has a connection of its own. */
export class Transfers {
  readonly #control: Control;
  readonly #around: TransferSurroundings;
  /** Our address as the client knows it, and the client's. */
  readonly #host: string;
  readonly #peer: string;
  #isPrivate = false;
  /** What the next transfer goes over, and what the one under way does. */
  #next: DataChannel | undefined;
  #busy: DataChannel | undefined;

  constructor(control: Control, socket: Socket, around: TransferSurroundings) {
    this.#control = control;
    this.#around = around;
    this.#host = socket.localAddress ?? '';
    this.#peer = plainAddress(socket.remoteAddress ?? '');
  }

  /** Ends the one under way. */
  abort(): void {
    this.#busy?.close();
  }

  /** Nobody will come for the next one. */
  drop(): void {
    this.#next?.close();
    this.#next = undefined;
  }

  protect(level: string): void {
    if (!this.#control.isSecure) throw new Refusal(503, 'AUTH TLS first');
    if (level !== 'P' && (level !== 'C' || this.#around.tlsRequired)) throw new Refusal(534, 'PROT P');
    this.#isPrivate = level === 'P';
    this.#control.say(200, 'OK');
  }

  async passive(command: 'PASV' | 'EPSV'): Promise<void> {
    const { passive, clock } = this.#around;
    this.drop();
    const channel = await PassiveChannel.open(this.#host, passive.ports, this.#peer, clock);
    this.#next = channel;
    const { port } = channel;
    if (command === 'EPSV') return this.#control.say(229, `Entering extended passive mode (|||${port}|)`);
    const told = passive.address ?? plainAddress(this.#host);
    if (!isIPv4(told)) throw new Refusal(425, 'Use EPSV');
    this.#control.say(227, `Entering passive mode (${told.replaceAll('.', ',')},${port >> 8},${port & 255})`);
  }

  /** Towards the client itself only: else we could be made to talk to anybody. */
  active(command: 'PORT' | 'EPRT', argument: string): void {
    const parts = command === 'PORT' ? argument.split(',').map(Number) : [];
    const [, extendedHost, extendedPort] = /^\|[12]\|([^|]+)\|(\d+)\|$/.exec(argument) ?? [];
    const host = command === 'PORT' ? parts.slice(0, 4).join('.') : extendedHost;
    const port = command === 'PORT' ? parts[4]! * 256 + parts[5]! : Number(extendedPort);
    if (host !== this.#peer || !(port >= 1_024 && port <= 65_535)) throw new Refusal(500, 'To you only');
    this.drop();
    this.#next = new ActiveChannel(host, port, this.#around.clock);
    this.#control.say(200, 'OK');
  }

  /** `onEnd` is told before the client is. */
  async store(tree: Tree, path: string, onEnd: (arrival: Arrival) => void): Promise<void> {
    const data = this.#take();
    try {
      const file = await tree.begin(path);
      try {
        this.#control.say(150, 'Send it');
        const isCut = await this.#receive(data, file);
        onEnd({ type: isCut ? 'cut' : 'stored', path, bytes: file.bytes });
        this.#control.say(isCut ? 426 : 226, isCut ? 'It broke off' : 'Stored');
      } catch (error) {
        await file.discard();
        throw error;
      }
    } catch (error) {
      onEnd({ type: 'refused', path, reason: refusalOf(error).message });
      throw error;
    } finally {
      data.close();
    }
  }

  /** Whether the client broke off. */
  async #receive(data: DataChannel, file: Arriving): Promise<boolean> {
    const socket = await data.socket(this.#context());
    const how = await receive(socket, file, () => this.#control.hasEnded, this.#around.clock);
    if (how === 'cut') await file.cut();
    else await file.finish();
    return how === 'cut';
  }

  async list(command: string, tree: Tree, path: string): Promise<void> {
    const data = this.#take();
    try {
      const single = await tree.find(path);
      const entries = path === '/' || single?.isFolder ? await tree.list(path) : single ? [single] : [];
      if (entries.length === 0 && path !== '/' && !single) throw new Refusal(550, 'No such file');
      this.#control.say(150, 'Here it comes');
      const socket = await data.socket(this.#context());
      const line = lineOf(command, this.#around.clock.now());
      socket.end(entries.map((entry) => `${line(entry)}\r\n`).join(''));
      socket.resume();
      if (!socket.closed) await once(socket, 'close');
      this.#control.say(226, 'Done');
    } finally {
      data.close();
    }
  }

  #context(): SecureContext | undefined {
    if (!this.#isPrivate && this.#around.tlsRequired) throw new Refusal(521, 'PROT P first');
    return this.#isPrivate ? this.#around.context : undefined;
  }

  #take(): DataChannel {
    const data = this.#next;
    if (!data) throw new Refusal(425, 'PASV first');
    this.#next = undefined;
    this.#busy = data;
    return data;
  }
}

function lineOf(command: string, now: number): (entry: TreeEntry) => string {
  if (command === 'LIST') return (entry) => longLine(entry, now);
  return command === 'MLSD' ? factsLine : ({ name }) => posix.basename(name);
}
