import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { unreachable } from './failures.js';

/** A keyframe of 4K comes as some thousand packets at once; the system grants less where its limit is lower. */
const RECEIVE_BYTES = 4 * 2 ** 20;

/** How often a free pair of ports is looked for. */
const ATTEMPTS = 20;

export interface UdpSink {
  rtp(bytes: Buffer): void;
  rtcp(bytes: Buffer): void;
}

/** Where the server sends from: `server_port=` and `source=` of its reply to SETUP. */
export interface UdpServer {
  rtp: number | undefined;
  rtcp: number | undefined;
  source: string | undefined;
}

/**
 * The two ports of one track over UDP: packets on an even one, reports on the next (RFC 3550 §11). Only what comes from the camera is
 * taken: anybody may send to an open port.
 */
export class UdpPorts {
  readonly #rtp: Socket;
  readonly #rtcp: Socket;
  readonly #camera: string;
  #server: UdpServer = { rtp: undefined, rtcp: undefined, source: undefined };

  private constructor(rtp: Socket, rtcp: Socket, camera: string) {
    this.#rtp = rtp;
    this.#rtcp = rtcp;
    this.#camera = camera;
  }

  /** On our side of the connection to the camera. Rejects with `unreachable` when no pair is free. */
  static async open(local: string, camera: string, sink: UdpSink): Promise<UdpPorts> {
    for (let attempt = 1; ; attempt++) {
      const pair = await openPair(local);
      if (pair) {
        const ports = new UdpPorts(...pair, plain(camera));
        ports.#listen(sink);
        return ports;
      }
      if (attempt === ATTEMPTS) throw unreachable('no two neighbouring UDP ports are free');
    }
  }

  /** As `client_port` has them. */
  get ports(): string {
    const { port } = this.#rtp.address();
    return `${port}-${port + 1}`;
  }

  /**
   * From now on it is known where the camera sends from. A packet of ours opens the way for its own through a firewall between: a
   * header with nothing behind it, which servers pass over.
   */
  meet(server: UdpServer): void {
    this.#server = server;
    const header = Buffer.alloc(12);
    header[0] = 0x80;
    if (server.rtp !== undefined) this.#rtp.send(header, server.rtp, server.source ?? this.#camera, () => undefined);
    const report = Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 0]);
    this.report(report);
  }

  report(bytes: Buffer): void {
    const { rtcp, source } = this.#server;
    // A report that is lost is followed by another.
    if (rtcp !== undefined) this.#rtcp.send(bytes, rtcp, source ?? this.#camera, () => undefined);
  }

  close(): void {
    this.#rtp.close();
    this.#rtcp.close();
  }

  #listen(sink: UdpSink): void {
    const isCamera = (address: string) => plain(address) === this.#camera || plain(address) === this.#server.source;
    for (const [socket, take] of [[this.#rtp, sink.rtp] as const, [this.#rtcp, sink.rtcp] as const]) {
      socket.on('message', (bytes, { address }) => {
        if (isCamera(address)) take(bytes);
      });
      // ICMP of a port that is closed meanwhile: the connection tells whether the camera is there.
      socket.on('error', () => undefined);
    }
  }
}

/** Undefined if the neighbour of the port we were given is taken. */
async function openPair(local: string): Promise<[Socket, Socket] | undefined> {
  const first = await bind(local, 0);
  const { port } = first!.address();
  const second = port % 2 === 0 ? await bind(local, port + 1) : undefined;
  if (!second) {
    first!.close();
    return undefined;
  }
  return [first!, second];
}

async function bind(address: string, port: number): Promise<Socket | undefined> {
  const socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4', recvBufferSize: RECEIVE_BYTES });
  try {
    socket.bind({ address, port, exclusive: true });
    await once(socket, 'listening');
    return socket;
  } catch (error) {
    socket.close();
    if (port === 0) throw unreachable('no UDP port can be opened', error);
    return undefined;
  }
}

/** IPv4 within IPv6, as a socket for both tells it. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}
