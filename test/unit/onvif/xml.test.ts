import { describe, expect, it } from 'vitest';
import { child, children, escapeXml, parseXml, textAt } from '../../../lib/onvif/xml.js';

const invalid = (why: RegExp) => expect.objectContaining({ code: 'xml-invalid', message: expect.stringMatching(why) });

function failure(xml: string | Buffer): unknown {
  try {
    return parseXml(xml);
  } catch (error) {
    return error;
  }
}

describe('reading XML', () => {
  it('keeps text as text, and finds elements by local name', () => {
    const root = parseXml(
      '<s:A xmlns:s="urn:one" xmlns="urn:two"><v> 5.40 </v><s:v>00012345678901234567</s:v><b>true</b><![CDATA[<&>]]><w/></s:A>',
    );
    expect(root).toMatchObject({ name: 'A', namespace: 'urn:one', text: '<&>' });
    expect(children(root, 'v').map(({ text, namespace }) => [text, namespace])).toEqual([
      [' 5.40 ', 'urn:two'],
      ['00012345678901234567', 'urn:one'],
    ]);
    expect(textAt(root, 'v')).toBe('5.40');
    expect(textAt(root, 'b')).toBe('true');
    expect(textAt(root, 'w')).toBeUndefined();
    expect(child(root, 'v', 'nothing')).toBeUndefined();
    expect(textAt(undefined, 'v')).toBeUndefined();
  });

  it('keeps attributes by local name and pollutes no prototype', () => {
    const root = parseXml(
      '<a x:token="1" token="2" x:t="3" xmlns:x="urn:x" __proto__="4" constructor="5"><__proto__>6</__proto__></a>',
    );
    expect(Object.getPrototypeOf(root.attributes)).toBeNull();
    expect({ ...root.attributes }).toEqual(
      Object.fromEntries([
        ['token', '2'],
        ['t', '3'],
        ['__proto__', '4'],
        ['constructor', '5'],
      ]),
    );
    expect(textAt(root, '__proto__')).toBe('6');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('forgives what firmware gets wrong', () => {
    expect(parseXml('\ufeff\n\0 <?xml version="1.0"?><a>1</a>\0\0trailing <b>').text).toBe('1');
    expect(parseXml('<tns:a><tns:b Name="x"/></tns:a>')).toMatchObject({ name: 'a', namespace: '' });
    expect(parseXml('<a>rtsp://x/?a=1&b=2&amp;c=&#51;</a>').text).toBe('rtsp://x/?a=1&b=2&c=3');
    expect(parseXml('<a>be\u0007ll</a>').text).toBe('bell');
    expect(parseXml(Buffer.from('<?xml version="1.0" encoding="gb2312"?><a>\xc7\xb0\xc3\xc5</a>', 'latin1')).text).toBe(
      '前门',
    );
    expect(parseXml(Buffer.from('<?xml version="1.0" encoding="no-such"?><a>ü</a>')).text).toBe('ü');
    expect(parseXml(Buffer.from('\ufeff<a>ü</a>', 'utf16le')).text).toBe('ü');
  });

  it('refuses a DOCTYPE, and so every entity', () => {
    const bomb = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><l>&b;</l>';
    expect(failure(bomb)).toEqual(invalid(/DOCTYPE/));
    expect(failure('<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>')).toEqual(invalid(/DOCTYPE/));
    // Without one, an unknown reference is text, never expanded.
    expect(parseXml('<a>&lol9;</a>').text).toBe('&lol9;');
  });

  it('counts bytes, depth and elements before they cost anything', () => {
    expect(failure(`<a>${' '.repeat(1024 * 1024)}</a>`)).toEqual(invalid(/larger than 1048576 bytes/));
    expect(failure(`${'<a>'.repeat(200_000)}`)).toEqual(invalid(/nested deeper than 64/));
    expect(parseXml(`${'<a>'.repeat(64)}x${'</a>'.repeat(64)}`).name).toBe('a');
    expect(failure(`<a>${'<b/>'.repeat(60_000)}</a>`)).toEqual(invalid(/more than 50000 elements/));
  });

  it('says what is wrong with the rest', () => {
    for (const xml of [
      '',
      'hello',
      '<a>',
      '<a></b>',
      '<a',
      '<a b=1/>',
      '{"a":1}',
      '<a>&#0;</a>',
      '<?xml version="1.0"?>',
    ]) {
      expect(failure(xml), xml).toEqual(invalid(/cannot be read as XML: ./));
    }
    expect(failure(Buffer.from([0xff, 0xd8, 0xff, 0xe0]))).toEqual(invalid(/./));
  });

  it('escapes so that reading gives the same text', () => {
    const text = `<a b="c" d='e'>&amp;</a>`;
    expect(parseXml(`<x y="${escapeXml(text)}">${escapeXml(text)}</x>`)).toMatchObject({
      text,
      attributes: { y: text },
    });
  });
});
