import { createSocket } from 'node:dgram';

/**
 * usage: tsx garbage-responder.ts ADDRESS – joins WS-Discovery on the interface of ADDRESS and answers each probe with all
 * that is wrong, prints a line once it listens, and ends on SIGTERM.
 */
const [GROUP, PORT] = ['239.255.255.250', 3702];
const [address] = process.argv.slice(2);

const NAMESPACES =
  'xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" ' +
  'xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"';

function matches(relatesTo: string, body: string): string {
  return (
    `<?xml version="1.0"?><s:Envelope ${NAMESPACES}><s:Header><a:RelatesTo>${relatesTo}</a:RelatesTo></s:Header>` +
    `<s:Body><d:ProbeMatches>${body}</d:ProbeMatches></s:Body></s:Envelope>`
  );
}

/** Everything but an answer, to the probe with this id. */
export function garbage(id: string): Buffer[] {
  const bomb = `<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "${'&a;'.repeat(200)}"><!ENTITY c "${'&b;'.repeat(200)}">]>`;
  const noAddress = '<d:ProbeMatch><d:Types>dn:NetworkVideoTransmitter</d:Types></d:ProbeMatch>';
  const badAddress = '<d:ProbeMatch><d:XAddrs>ftp://10.77.0.200/ http:// http://[ not-a-url</d:XAddrs></d:ProbeMatch>';
  const whole = matches(id, badAddress);
  return [
    Buffer.alloc(0),
    Buffer.from('hello'),
    Buffer.from([0, 255, 254, 60, 0, 62, 128]),
    Buffer.from(whole.slice(0, whole.length >> 1)),
    Buffer.from(whole),
    Buffer.from(matches(id, noAddress)),
    Buffer.from(matches(id, '')),
    Buffer.from(matches('urn:uuid:00000000-0000-0000-0000-000000000000', noAddress)),
    Buffer.from(`<?xml version="1.0"?>${bomb}${matches(id, '<x>&c;</x>').replace(/^<\?xml[^>]*\?>/, '')}`),
    Buffer.from(matches(id, '<__proto__><constructor/></__proto__>')),
    Buffer.from('<a>'.repeat(15_000)),
    Buffer.from(matches(id, `<x>${'y'.repeat(50_000)}</x>`)),
    Buffer.from('HTTP/1.1 200 OK\r\nST: upnp:rootdevice\r\nLOCATION: http://10.77.0.200/\r\n\r\n'),
  ];
}

const socket = createSocket({ type: 'udp4', reuseAddr: true });
socket.on('message', (message, from) => {
  const id = /MessageID[^>]*>([^<]*)</.exec(message.toString('latin1'))?.[1];
  if (id === undefined) return;
  for (const datagram of garbage(id)) socket.send(datagram, from.port, from.address);
});
socket.bind(PORT, GROUP, () => {
  socket.addMembership(GROUP, address);
  console.log('listening');
});
process.once('SIGTERM', () => socket.close());
