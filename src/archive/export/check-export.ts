/**
 * Checks an export, here and in a browser: the page `verify.html` of each export holds the text of these two functions. So they know
 * nothing but their parameters and the language, and helpers are inside.
 */

export interface ExportFile {
  /** Below the export, with `/`. */
  path: string;
  size: number;
  read(start: number, end: number): Promise<Uint8Array>;
  /** Hex SHA-256 of all of it. */
  sha256(): Promise<string>;
}

export interface CheckTools {
  sha256(bytes: Uint8Array): Promise<string>;
  /** `publicKey` is DER SubjectPublicKeyInfo. */
  verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean>;
  /** Called with what is looked at. */
  onStep?(what: string): void;
}

export interface CheckResult {
  /** `unknown`: neither proved nor disproved. */
  state: 'proved' | 'wrong' | 'unknown';
  what: string;
}

export interface CheckReport {
  results: CheckResult[];
  /** Fingerprints of the keys that signed. */
  signers: string[];
}

export async function checkExport(files: readonly ExportFile[], tools: CheckTools): Promise<CheckReport> {
  // biome-ignore lint/suspicious/noExplicitAny: whatever the export says is looked at field by field.
  type Json = any;
  const results: CheckResult[] = [];
  const signers: string[] = [];
  const byPath = new Map(files.map((file) => [file.path, file]));
  const say = (state: CheckResult['state'], what: string) => void results.push({ state, what });
  const utf8 = new TextEncoder();
  const wholeOf = (file: ExportFile) => file.read(0, file.size);
  const textOf = async (file: ExportFile) => new TextDecoder().decode(await wholeOf(file));
  const fromBase64 = (text: string) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  const fingerprint = async (key: Uint8Array) => {
    const hex = await tools.sha256(key);
    const bytes = hex.match(/../g)!.map((pair) => String.fromCharCode(Number.parseInt(pair, 16)));
    return `SHA256:${btoa(bytes.join('')).replace(/=+$/, '')}`;
  };
  const signedBy = async (key: string, message: Uint8Array, signature: string) => {
    try {
      const bytes = fromBase64(key);
      if (!(await tools.verifyEd25519(bytes, message, fromBase64(signature)))) return undefined;
      const name = await fingerprint(bytes);
      if (!signers.includes(name)) signers.push(name);
      return name;
    } catch {
      // No key, or no signature: nothing was signed with that.
      return undefined;
    }
  };
  const signedManifest = async (text: string, message: Uint8Array) => {
    try {
      const { publicKey, signature } = JSON.parse(text);
      return await signedBy(publicKey, message, signature);
    } catch {
      // Cut off, or never JSON: no signature.
      return undefined;
    }
  };

  const manifestFile = byPath.get('manifest.json');
  if (!manifestFile) {
    say('wrong', 'manifest.json is missing: this is no export, or not all of it');
    return { results, signers };
  }
  let manifest: Json;
  try {
    manifest = JSON.parse(await textOf(manifestFile));
    for (const list of ['clips', 'sources', 'index']) if (!Array.isArray(manifest[list])) throw new Error(list);
  } catch {
    say('wrong', 'manifest.json cannot be read');
    return { results, signers };
  }

  const signatureFile = byPath.get('manifest.sig.json');
  if (signatureFile) {
    const by = await signedManifest(await textOf(signatureFile), await wholeOf(manifestFile));
    if (!by) say('wrong', 'manifest.json is not what was signed');
    else if (manifest.signer && manifest.signer !== by)
      say('wrong', `manifest.json says that ${manifest.signer} signed it, and it was ${by}`);
    else say('proved', `manifest.json is as ${by} signed it`);
  } else if (manifest.signer) {
    say(
      'wrong',
      `manifest.json says that ${manifest.signer} signed it, and its signature (manifest.sig.json) is missing`,
    );
  } else {
    say('unknown', 'manifest.json is NOT SIGNED: nothing proves who made this export (only a recorder signs its own)');
  }

  // Every file is there, and is the one the manifest means.
  const known = new Set(['manifest.json', 'manifest.sig.json', 'verify.html']);
  const whole = new Set<string>();
  const listed: Json[] = [...manifest.clips, ...manifest.index, ...manifest.sources.filter((one: Json) => one.file)];
  for (const { file: path, bytes, sha256 } of listed) {
    known.add(path);
    tools.onStep?.(path);
    const file = byPath.get(path);
    if (!file) say('wrong', `${path} is missing`);
    else if (file.size !== bytes) say('wrong', `${path} has ${file.size} bytes, not ${bytes}`);
    else if ((await file.sha256()) !== sha256) say('wrong', `${path} was changed: its SHA-256 is another`);
    else whole.add(path);
  }
  if (whole.size === listed.length) say('proved', `all ${listed.length} files are those the manifest names`);
  for (const { path } of files) if (!known.has(path)) say('unknown', `${path} is no part of the export`);

  // The index: each shard is a chain, and the signature of its day names its last line.
  const shards = new Map<string, { lines: Json[]; signed: boolean }>();
  for (const { key, file: path } of manifest.index) {
    if (!/\d\d-\d{6,}\.ndjson$/.test(key) || !whole.has(path)) continue;
    tools.onStep?.(key);
    const lines = (await textOf(byPath.get(path)!)).split('\n').filter((line: string) => line !== '');
    const hashes: string[] = [];
    // An entry that was erased left the hash of its line.
    const ERASED = /^\{"n":\d+,"prev":"[0-9a-f]{64}","type":"erased",.*"hash":"([0-9a-f]{64})"\}$/;
    for (const line of lines) hashes.push(ERASED.exec(line)?.[1] ?? (await tools.sha256(utf8.encode(line))));
    let entries: Json[] = [];
    try {
      entries = lines.map((line: string) => JSON.parse(line));
    } catch {
      say('wrong', `${key}: a line cannot be read`);
      continue;
    }
    const broken = entries.findIndex(
      (entry, at) => at > 0 && (entry.prev !== hashes[at - 1] || entry.n !== entries[at - 1].n + 1),
    );
    if (broken > 0)
      say('wrong', `${key}: line ${broken} was changed, or lines were taken out before line ${broken + 1}`);
    const folder = key.slice(0, key.lastIndexOf('/') + 1);
    const number = Number(/-(\d+)\.ndjson$/.exec(key)![1]);
    let signed = false;
    for (const other of manifest.index) {
      if (!other.key.startsWith(`${folder}signature-`) || !whole.has(other.file)) continue;
      const match = /^(\{.*),"signature":"([A-Za-z0-9+/]{86}==)"\}\n?$/.exec(await textOf(byPath.get(other.file)!));
      const statement: Json = match ? JSON.parse(`${match[1]}}`) : undefined;
      const by = match && (await signedBy(statement.publicKey, utf8.encode(`${match[1]}}`), match[2]!));
      const isOfDay =
        by && folder === `${statement.site}/index/${statement.camera}/${statement.day.replaceAll('-', '/')}/`;
      if (!isOfDay) {
        say('wrong', `${other.key} is not what was signed`);
        continue;
      }
      const head = statement.shards.find((one: Json) => one.number === number);
      if (!head) continue;
      const isSame = head.head === hashes.at(-1) && head.first === entries[0].n && head.last === entries.at(-1).n;
      if (isSame) signed = true;
      else say('wrong', `${key} is not the one that ${by} signed`);
    }
    shards.set(key, { lines: broken > 0 ? [] : entries, signed });
  }
  const unsigned = [...shards].filter(([, { signed }]) => !signed).map(([key]) => key);
  if (shards.size > 0 && unsigned.length === 0) say('proved', `all ${shards.size} parts of the index are as signed`);
  for (const key of unsigned) say('unknown', `${key} bears no signature yet: a day is signed when it is over`);

  // The recorded files are the ones the index lists.
  for (const { key, file: path, bytes, sha256, shard } of manifest.sources) {
    const line = shards.get(shard)?.lines.find((entry) => entry.key === key);
    if (!line) say(shard ? 'wrong' : 'unknown', `${key} is in no part of the index here`);
    else if (line.sha256 !== sha256 || line.bytes !== bytes) say('wrong', `${key} is not what the index lists`);
    else if (!path)
      say(
        'unknown',
        `${key}: the index lists it, from ${line.start} to ${line.end}; it is not part of this export, and was not looked at`,
      );
    else if (whole.has(path))
      say('proved', `${key}: the original is what the index lists, from ${line.start} to ${line.end}`);
  }

  // What the clips show was copied from them, byte for byte.
  const original = new Map<string, ExportFile | undefined>(
    manifest.sources.map((one: Json) => [one.key, whole.has(one.file) ? byPath.get(one.file) : undefined]),
  );
  for (const { file: path, parts, begins, ends } of manifest.clips) {
    const clip = whole.has(path) ? byPath.get(path)! : undefined;
    if (!clip) continue;
    let isCopied = true;
    let covered = 0;
    for (const { key, copied } of parts) {
      tools.onStep?.(`${path} ← ${key}`);
      const source = original.get(key);
      covered += copied.to - copied.from;
      for (let at = 0; isCopied && source && at < copied.to - copied.from; at += 4_194_304) {
        const length = Math.min(4_194_304, copied.to - copied.from - at);
        const [a, b] = [
          await clip.read(copied.at + at, copied.at + at + length),
          await source.read(copied.from + at, copied.from + at + length),
        ];
        isCopied = a.length === length && b.length === length && a.every((byte, index) => byte === b[index]);
      }
      if (!source) isCopied = false;
    }
    const header = parts.length > 0 ? parts[0].copied.at : 0;
    const shown = `${path}, ${begins} to ${ends}`;
    if (parts.some(({ key }: Json) => !original.get(key))) {
      say('unknown', `${shown}: that it was copied from the originals cannot be checked without them (--originals)`);
    } else if (isCopied && header + covered === clip.size) {
      say('proved', `${shown}: every byte of picture and sound is copied from the originals`);
    } else say('wrong', `${shown}: it holds other bytes than the originals`);
  }
  return { results, signers };
}

/** Ed25519 (RFC 8032 §5.1.7) for browsers that lack it. Takes a second; only ever given what is public. */
export async function plainEd25519(
  spki: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
  sha512: (bytes: Uint8Array) => Promise<Uint8Array>,
): Promise<boolean> {
  const P = 2n ** 255n - 19n;
  const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
  const mod = (value: bigint, by = P) => ((value % by) + by) % by;
  const power = (base: bigint, exponent: bigint) => {
    let result = 1n;
    for (let b = mod(base), e = exponent; e > 0n; e >>= 1n, b = mod(b * b)) if (e & 1n) result = mod(result * b);
    return result;
  };
  const D = mod(-121665n * power(121666n, P - 2n));
  const ROOT = power(2n, (P - 1n) / 4n);
  const little = (bytes: Uint8Array) => bytes.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
  type Point = [bigint, bigint, bigint, bigint];
  const add = ([x1, y1, z1, t1]: Point, [x2, y2, z2, t2]: Point): Point => {
    const a = mod((y1 - x1) * (y2 - x2));
    const b = mod((y1 + x1) * (y2 + x2));
    const c = mod(2n * t1 * t2 * D);
    const d = mod(2n * z1 * z2);
    const [e, f, g, h] = [b - a, d - c, d + c, b + a];
    return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
  };
  const times = (scalar: bigint, point: Point) => {
    let result: Point = [0n, 1n, 1n, 0n];
    for (let p = point, s = scalar; s > 0n; s >>= 1n, p = add(p, p)) if (s & 1n) result = add(result, p);
    return result;
  };
  const decode = (bytes: Uint8Array): Point | undefined => {
    const encoded = little(bytes);
    const [sign, y] = [encoded >> 255n, encoded & (2n ** 255n - 1n)];
    if (y >= P) return undefined;
    const [u, v] = [mod(y * y - 1n), mod(D * y * y + 1n)];
    let x = mod(u * power(v, 3n) * power(u * power(v, 7n), (P - 5n) / 8n));
    if (mod(v * x * x) === mod(-u)) x = mod(x * ROOT);
    if (mod(v * x * x) !== u || (x === 0n && sign === 1n)) return undefined;
    if ((x & 1n) !== sign) x = P - x;
    return [x, y, 1n, mod(x * y)];
  };
  const prefix = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
  if (spki.length !== 44 || prefix.some((byte, at) => spki[at] !== byte) || signature.length !== 64) return false;
  const key = spki.subarray(12);
  const [a, r, s] = [decode(key), decode(signature.subarray(0, 32)), little(signature.subarray(32))];
  if (!a || !r || s >= ORDER) return false;
  const hashed = new Uint8Array([...signature.subarray(0, 32), ...key, ...message]);
  const k = mod(little(await sha512(hashed)), ORDER);
  const base = decode(Uint8Array.from({ length: 32 }, (_, at) => (at === 0 ? 0x58 : 0x66)))!;
  const [left, right] = [times(s, base), add(r, times(k, a))];
  return mod(left[0] * right[2] - right[0] * left[2]) === 0n && mod(left[1] * right[2] - right[1] * left[2]) === 0n;
}
