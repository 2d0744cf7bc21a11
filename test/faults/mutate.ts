/** The same numbers for the same seed: a failure can be looked at again. */
export function numbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

type Random = (below: number) => number;

/** What breaks readers of XML, or those who believe what was read. */
const TOKENS = [
  ...[
    '<',
    '>',
    '&',
    '"',
    "'",
    '/>',
    '</',
    ']]>',
    '<![CDATA[',
    '<!--',
    '--',
    '<?xml version="1.0" encoding="utf-16"?>',
    '<?x',
  ],
  ...[
    '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>',
    '&b;',
    '&#0;',
    '&#x110000;',
    '&#99999999999;',
    '&amp',
    '\0',
    '\u0007',
    '\ufffe',
  ],
  ...[
    '__proto__',
    'constructor',
    'xmlns',
    'xmlns:s="urn:x"',
    'NaN',
    '-1',
    '1e308',
    '99999999999999999999',
    '0000-00-00T00:00:00Z',
    'Infinity',
  ],
  ...[
    'http://[',
    'http://:::/',
    'rtsp://u:p@[::1]:99999/',
    'javascript:alert(1)',
    'http://169.254.169.254/',
    '\r\nX: y',
    '%',
    '%zz',
    '🎥',
    '\ud800',
  ],
  ...[
    '<s:Fault><s:Code><s:Value>',
    's:Sender',
    '<a>'.repeat(2_000),
    '<b/>'.repeat(2_000),
    'y'.repeat(20_000),
    `<x ${'z="1" '.repeat(50)}>`,
  ],
];

/** Text with one to four things wrong in it, as bytes: cut, doubled, moved, overwritten, or with tokens of the above in it. */
export function mutate(good: string, random: Random): Buffer {
  let bytes: Buffer = Buffer.from(good, 'utf8');
  for (let change = random(4); change >= 0; change--) bytes = CHANGES[random(CHANGES.length)]!(bytes, random);
  return bytes;
}

const CHANGES: ((bytes: Buffer, random: Random) => Buffer)[] = [
  (bytes, random) => {
    if (bytes.length > 0) bytes[random(bytes.length)] = random(256);
    return bytes;
  },
  (bytes, random) => bytes.subarray(0, random(bytes.length + 1)),
  (bytes, random) => {
    const at = random(bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + random(200))]);
  },
  (bytes, random) => {
    const at = random(bytes.length + 1);
    const piece = bytes.subarray(at, at + random(300));
    return Buffer.concat([bytes.subarray(0, at), ...Array<Buffer>(1 + random(30)).fill(piece), bytes.subarray(at)]);
  },
  (bytes, random) => insert(bytes, random(bytes.length + 1), TOKENS[random(TOKENS.length)]!),
  // Within text and between elements, where it is still well-formed more often than not.
  (bytes, random) => {
    const text = bytes.toString('latin1');
    const ends = [...text.matchAll(/>/g)].map(({ index }) => index + 1);
    return insert(bytes, ends[random(ends.length || 1)] ?? 0, TOKENS[random(TOKENS.length)]!);
  },
  (bytes, random) => {
    const token = TOKENS[random(TOKENS.length)]!.replace(/[<>&]/g, '');
    const text = bytes.toString('latin1');
    const texts = [...text.matchAll(/>([^<>]+)</g)];
    const chosen = texts[random(texts.length || 1)];
    return chosen ? Buffer.from(text.replace(chosen[0], `>${token}<`), 'latin1') : bytes;
  },
];

function insert(bytes: Buffer, at: number, text: string): Buffer {
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(text, 'utf8'), bytes.subarray(at)]);
}
