import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { Failure, messageOf } from '../errors.js';

const [GROUP, PORT] = ['239.255.255.250', 3702];

/** A hundred cameras answer within half a second. */
const BUFFER_BYTES = 1024 * 1024;

/** An interface that could not be used, or no longer. */
export interface UnusableInterface {
  address: string;
  why: string;
}

/**
 * IPv4 addresses to probe from: of all interfaces but loopback, or of those named, by name or address. Every one, because the
 * kernel alone would send only where the default route goes, and cameras are often in a network of their own.
 */
export function probeAddresses(wanted?: readonly string[], all = networkInterfaces()): string[] {
  const known = Object.entries(all).flatMap(([name, list = []]) =>
    list.filter(({ family }) => family === 'IPv4').map(({ address, internal }) => ({ name, address, internal })),
  );
  if (!wanted) return known.filter(({ internal }) => !internal).map(({ address }) => address);
  return wanted.flatMap((one) => {
    const found = known.filter(({ name, address }) => name === one || address === one);
    if (found.length > 0) return found.map(({ address }) => address);
    throw new Failure(`There is no network interface ${JSON.stringify(one)} with an IPv4 address`, {
      kind: 'permanent',
      code: 'interface-unknown',
      hint: `Choose from ${known.map(({ name, address }) => `${name} (${address})`).join(', ')}.`,
    });
  });
}

export interface SocketEvents {
  message(packet: Buffer, from: RemoteInfo): void;
  unusable(one: UnusableInterface): void;
}

/** A socket for each address to ask from, and one that hears devices say hello by themselves, where the port can be had. */
export class DiscoverySockets {
  readonly #events: SocketEvents;
  readonly #asking = new Map<string, Socket>();
  readonly #open: Socket[] = [];

  constructor(events: SocketEvents) {
    this.#events = events;
  }

  async open(addresses: readonly string[]): Promise<void> {
    for (const address of addresses) {
      try {
        const socket = await this.#bind(0, address, address);
        socket.setMulticastInterface(address);
        socket.setMulticastTTL(4);
        this.#asking.set(address, socket);
      } catch (error) {
        this.#events.unusable({ address, why: messageOf(error) });
      }
    }
    await this.#listen(addresses);
  }

  send(packet: Buffer): void {
    for (const [address, socket] of this.#asking) {
      socket.send(packet, PORT, GROUP, (error) => {
        if (error) this.#events.unusable({ address, why: messageOf(error) });
      });
    }
  }

  async close(): Promise<void> {
    await Promise.all(
      this.#open.splice(0).map(async (socket) => {
        const closed = once(socket, 'close');
        socket.close();
        await closed;
      }),
    );
  }

  /** Others may have the port for themselves; then what devices say unasked is not heard, and nothing else is lost. */
  async #listen(addresses: readonly string[]): Promise<void> {
    try {
      // Bound to the group, so that nothing else reaches it. Windows cannot.
      const socket = await this.#bind(PORT, process.platform === 'win32' ? undefined : GROUP, 'port 3702');
      for (const address of addresses) {
        try {
          socket.addMembership(GROUP, address);
        } catch {
          // Two addresses of one interface: the second joins what has been joined.
        }
      }
    } catch {
      // The port is taken, and not shared.
    }
  }

  async #bind(port: number, address: string | undefined, name: string): Promise<Socket> {
    const socket = createSocket({ type: 'udp4', reuseAddr: port !== 0, recvBufferSize: BUFFER_BYTES });
    socket.on('message', (packet, from) => this.#events.message(packet, from));
    socket.bind(port, address);
    try {
      await once(socket, 'listening');
    } catch (error) {
      socket.close();
      throw error;
    }
    this.#open.push(socket);
    socket.on('error', (error) => this.#events.unusable({ address: name, why: messageOf(error) }));
    return socket;
  }
}
