import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { operationIn } from './scripted-soap.js';

const [GROUP, PORT] = ['239.255.255.250', 3702];

/** Answers probes on one interface with whatever packets a test wants; `{id}` stands for the probe's MessageID. */
export class ScriptedDiscovery {
  readonly probes: string[] = [];
  readonly #packets: (string | Buffer)[];
  #socket: Socket | undefined;

  constructor(...packets: (string | Buffer)[]) {
    this.#packets = packets;
  }

  async open(address = '127.0.0.1'): Promise<void> {
    const socket = createSocket({ type: 'udp4', reuseAddr: true });
    this.#socket = socket;
    socket.bind(PORT, GROUP);
    await once(socket, 'listening');
    socket.addMembership(GROUP, address);
    socket.on('error', () => undefined);
    socket.on('message', (message, from) => this.#answer(socket, message.toString('utf8'), from));
  }

  async close(): Promise<void> {
    const closed = once(this.#socket!, 'close');
    this.#socket!.close();
    await closed;
  }

  /** As a device does that has just started. */
  async hello(xml: string, address = '127.0.0.1'): Promise<void> {
    const socket = createSocket('udp4');
    socket.bind(0, address);
    await once(socket, 'listening');
    socket.setMulticastInterface(address);
    await new Promise<void>((resolve, reject) =>
      socket.send(xml, PORT, GROUP, (error) => (error ? reject(error) : resolve())),
    );
    socket.close();
  }

  #answer(socket: Socket, probe: string, from: RemoteInfo): void {
    const id = /MessageID[^>]*>([^<]*)</.exec(probe)?.[1];
    if (operationIn(probe) !== 'Probe' || !id) return;
    this.probes.push(probe);
    for (const packet of this.#packets) {
      socket.send(typeof packet === 'string' ? packet.replaceAll('{id}', id) : packet, from.port, from.address);
    }
  }
}

export interface MatchOptions {
  uuid?: string;
  types?: string;
  scopes?: string;
  xaddrs?: string;
}

/** One device's part of a reply; what is undefined is missing from it. */
export function match({ uuid, types, scopes, xaddrs }: MatchOptions, name = 'ProbeMatch'): string {
  const part = (tag: string, text: string | undefined) => (text === undefined ? '' : `<d:${tag}>${text}</d:${tag}>`);
  const address = uuid === undefined ? '' : `<a:EndpointReference><a:Address>${uuid}</a:Address></a:EndpointReference>`;
  return `<d:${name}>${address}${part('Types', types)}${part('Scopes', scopes)}${part('XAddrs', xaddrs)}</d:${name}>`;
}

/** A whole reply of one or several devices. */
export function matches(parts: string[], relatesTo: string | undefined = '{id}'): string {
  return discoveryEnvelope(`<d:ProbeMatches>${parts.join('')}</d:ProbeMatches>`, relatesTo);
}

export function discoveryEnvelope(body: string, relatesTo?: string): string {
  const related = relatesTo === undefined ? '' : `<a:RelatesTo>${relatesTo}</a:RelatesTo>`;
  return (
    '<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" ' +
    'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" ' +
    `xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><s:Header>${related}</s:Header><s:Body>${body}</s:Body></s:Envelope>`
  );
}
