/** Prefixes that every reply declares; what the replies are written in. */
const NAMESPACES = Object.entries({
  s: 'http://www.w3.org/2003/05/soap-envelope',
  wsa: 'http://www.w3.org/2005/08/addressing',
  wsnt: 'http://docs.oasis-open.org/wsn/b-2',
  tds: 'http://www.onvif.org/ver10/device/wsdl',
  trt: 'http://www.onvif.org/ver10/media/wsdl',
  tr2: 'http://www.onvif.org/ver20/media/wsdl',
  tev: 'http://www.onvif.org/ver10/events/wsdl',
  tt: 'http://www.onvif.org/ver10/schema',
  ter: 'http://www.onvif.org/ver10/error',
  tns1: 'http://www.onvif.org/ver10/topics',
})
  .map(([prefix, namespace]) => `xmlns:${prefix}="${namespace}"`)
  .join(' ');

export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** `<name>content…</name>`; the content is XML already. Attributes may stand in `name`. */
export function tag(name: string, ...content: readonly string[]): string {
  return `<${name}>${content.join('')}</${name.split(' ', 1)[0]}>`;
}

/** An element with nothing but a value in it. */
export function leaf(name: string, value: string | number | boolean): string {
  return tag(name, escapeXml(String(value)));
}

/** A reply in its envelope. Both parts are XML already. */
export function envelope(body: string, header = ''): string {
  const head = header && tag('s:Header', header);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<s:Envelope ${NAMESPACES}>${head}<s:Body>${body}</s:Body></s:Envelope>`;
}

/** What an operation throws to be answered with a fault: a SOAP code with ONVIF subcodes (ONVIF core, 5.8.2). */
export class SoapFault extends Error {
  readonly status: number;
  readonly code: 'Sender' | 'Receiver';
  readonly subcodes: readonly string[];

  /** `subcodes` from the outer to the inner one: `['InvalidArgVal', 'NoConfig']`. */
  constructor(code: 'Sender' | 'Receiver', subcodes: readonly string[], reason: string) {
    super(reason);
    this.status = code === 'Sender' ? 400 : 500;
    this.code = code;
    this.subcodes = subcodes;
  }

  toXml(): string {
    const nested = this.subcodes.reduceRight(
      (inner, subcode) => tag('s:Subcode', leaf('s:Value', `ter:${subcode}`), inner),
      '',
    );
    const reason = tag('s:Reason', `<s:Text xml:lang="en">${escapeXml(this.message)}</s:Text>`);
    return envelope(tag('s:Fault', tag('s:Code', leaf('s:Value', `s:${this.code}`), nested), reason));
  }
}

/** The request names something that there is none of. */
export function noSuch(subcode: string, what: string): SoapFault {
  return new SoapFault('Sender', ['InvalidArgVal', subcode], `No such ${what}`);
}

/** The request has a value that the camera does not take. */
export function badValue(what: string, value: string | undefined): SoapFault {
  return new SoapFault('Sender', ['InvalidArgVal'], `Not a valid ${what}: ${value ?? '(missing)'}`);
}
