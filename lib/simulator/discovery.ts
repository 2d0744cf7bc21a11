import { randomUUID } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { type OnvifIdentity, scopesOf } from './onvif-identity.js';
import { escapeXml, parseSoap } from './soap.js';

/** A device that answers probes. */
export interface Discoverable {
  identity: OnvifIdentity;
  /** Where its device service is: `http://127.0.0.1:8080/onvif/device_service`. */
  deviceUrl: string;
  /** Whether it answers at this moment. */
  isAnswering(): boolean;
}

const [GROUP, PORT] = ['239.255.255.250', 3702];

/**
 * Answers WS-Discovery probes that arrive on one interface, for any number of devices: one datagram for each, because
 * clients lose the second match of a shared one.
 */
export class DiscoveryResponder {
  readonly #devices: readonly Discoverable[];
  #socket: Socket | undefined;

  constructor(devices: readonly Discoverable[]) {
    this.#devices = devices;
  }

  /** Joins the group on the interface that has this IPv4 address. Rejects if the port or the group is not to be had. */
  async open(interfaceAddress: string): Promise<void> {
    const socket = createSocket({ type: 'udp4', reuseAddr: true });
    this.#socket = socket;
    // Bound to the group, not to every address, so that nothing but multicast reaches it. Windows cannot.
    socket.bind(PORT, process.platform === 'win32' ? undefined : GROUP);
    await once(socket, 'listening');
    socket.addMembership(GROUP, interfaceAddress);
    // A reply that cannot be sent is a datagram lost, which probing clients expect.
    socket.on('error', () => undefined);
    // The kernel hands over what any program's membership brought in, from other interfaces too.
    const isLoopback = interfaceAddress.startsWith('127.');
    socket.on('message', (message, from) => {
      if (from.address.startsWith('127.') === isLoopback) this.#answer(socket, message, from);
    });
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    if (!socket) return;
    const closed = once(socket, 'close');
    socket.close();
    await closed;
  }

  #answer(socket: Socket, message: Buffer, from: RemoteInfo): void {
    const probe = parseSoap(message.toString('utf8'));
    const id = probe?.text('MessageID');
    if (probe?.operation !== 'Probe' || !id || !wantsCamera(probe.text('Types'))) return;
    const wanted = probe.text('Scopes')?.split(/\s+/).filter(Boolean) ?? [];
    for (const device of this.#devices) {
      const scopes = scopesOf(device.identity);
      const matches = wanted.every((prefix) =>
        scopes.some((scope) => scope === prefix || scope.startsWith(`${prefix}/`)),
      );
      if (matches && device.isAnswering()) socket.send(probeMatch(device, id), from.port, from.address);
    }
  }
}

function wantsCamera(types: string | undefined): boolean {
  const names = (types ?? '')
    .split(/\s+/)
    .filter(Boolean)
    .map((name) => name.replace(/^.*:/, ''));
  return names.length === 0 || names.some((name) => name === 'NetworkVideoTransmitter' || name === 'Device');
}

const NAMESPACES =
  'xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" ' +
  'xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:dn="http://www.onvif.org/ver10/network/wsdl"';

function probeMatch({ identity, deviceUrl }: Discoverable, relatesTo: string): string {
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n<s:Envelope ${NAMESPACES}><s:Header><a:MessageID>urn:uuid:${randomUUID()}</a:MessageID>` +
    `<a:RelatesTo>${escapeXml(relatesTo)}</a:RelatesTo><a:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:To>` +
    '<a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/ProbeMatches</a:Action></s:Header><s:Body><d:ProbeMatches><d:ProbeMatch>' +
    `<a:EndpointReference><a:Address>${identity.urn}</a:Address></a:EndpointReference><d:Types>dn:NetworkVideoTransmitter</d:Types>` +
    `<d:Scopes>${escapeXml(scopesOf(identity).join(' '))}</d:Scopes><d:XAddrs>${deviceUrl}</d:XAddrs><d:MetadataVersion>1</d:MetadataVersion>` +
    '</d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>'
  );
}
