import type { SFTPWrapper } from 'ssh2';

/** What a server says it takes, in bytes. Not offered at all: no server of these tests; offered and then refused: 'refuses'. */
export type LimitsOffer = { packet: number; write: number } | 'refuses';

interface Inside {
  outgoing: { id: number };
  _protocol: { channelData(id: number, data: Buffer): void };
}

const LIMITS = 'limits@openssh.com';
const [VERSION, EXTENDED_REPLY] = [2, 201];

/** As OpenSSH's server does (its PROTOCOL, section 4.8); ssh2's offers nothing. To be called before INIT is read. */
export function offerLimits(sftp: SFTPWrapper, offer: LimitsOffer, onAsked: () => void): void {
  const inside = sftp as unknown as Inside;
  const protocol = inside._protocol;
  const say = protocol.channelData.bind(protocol);
  protocol.channelData = (id, data) => {
    const isVersion = data.length === 9 && data[4] === VERSION;
    say(id, isVersion ? packet(data.subarray(4), text(LIMITS), text('1')) : data);
  };
  sftp.on('EXTENDED', (id, name) => {
    onAsked();
    if (offer === 'refuses' || name !== LIMITS) return sftp.status(id, 8);
    say(inside.outgoing.id, packet(Buffer.from([EXTENDED_REPLY]), number(id, 4), ...values(offer)));
  });
}

function values({ packet: most, write }: { packet: number; write: number }): Buffer[] {
  return [most, write, write, 0].map((value) => number(value, 8));
}

function packet(...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([number(body.length, 4), body]);
}

function text(value: string): Buffer {
  return Buffer.concat([number(value.length, 4), Buffer.from(value)]);
}

function number(value: number, bytes: number): Buffer {
  const written = Buffer.alloc(bytes);
  written.writeUIntBE(value, bytes - 4, 4);
  return written;
}
