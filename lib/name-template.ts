const TOKENS: Record<string, string> = {
  camera: '(?<label>[^/]+?)',
  YYYY: String.raw`(?<Y>\d{4})`,
  YY: String.raw`(?<y>\d{2})`,
  MM: String.raw`(?<M>\d{2})`,
  DD: String.raw`(?<D>\d{2})`,
  hh: String.raw`(?<h>\d{2})`,
  mm: String.raw`(?<m>\d{2})`,
  ss: String.raw`(?<s>\d{2})`,
  ms: String.raw`(?<ms>\d{3})`,
  unix: String.raw`(?<unix>\d{9,10})`,
};

export const TEMPLATE_TOKENS = Object.keys(TOKENS);

/**
 * A layout of one's own: `{camera}/{YYYY}-{MM}-{DD}/{hh}.{mm}.{ss}.mp4`. `*` is anything within a name, `**` also across folders; a
 * token that comes again must read the same. It is held against the end of the path. Throws a plain `Error` that says what is wrong.
 */
export function compileTemplate(template: string): RegExp {
  const used = new Set<string>();
  const source = template.replace(/\{([^}]*)\}|\*\*|\*|[\\^$.+?()[\]{}|]/g, (found, name?: string) => {
    if (found === '**') return '.*';
    if (found === '*') return '[^/]*';
    if (name === undefined) return `\\${found}`;
    const token = TOKENS[name];
    if (!token)
      throw new Error(`there is no {${name}}; there are ${TEMPLATE_TOKENS.map((one) => `{${one}}`).join(' ')}`);
    const group = /^\(\?<(\w+)>/.exec(token)![1]!;
    if (used.has(name)) return `\\k<${group}>`;
    used.add(name);
    return token;
  });
  const isDated = used.has('unix') || (used.has('DD') && used.has('MM') && (used.has('YYYY') || used.has('YY')));
  if (!isDated) throw new Error('it does not say the day: {YYYY} (or {YY}), {MM} and {DD}, or {unix}');
  if (used.has('YYYY') && used.has('YY')) throw new Error('give {YYYY} or {YY}, not both');
  return new RegExp(`^(?:.*?/)??${source}$`, 'is');
}
