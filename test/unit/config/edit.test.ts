import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { setSetting } from '../../../src/config/edit.js';

const FILE = `# The shop on the corner.
site: shop          # one word

cameras:
  # Looks at the door.
  front:
    address: 192.168.1.20   # fixed in the router
    username: viewer
    password: \${FRONT_PASSWORD}
    # record: { mode: off }

  yard: { streams: { main: rtsp://192.168.1.21/a }, record: {} }  # old
  # (the roof comes in spring)

# Where it goes.
remotes:
  nas: { type: folder, path: /mnt/nas }
`;

/** The lines of `after` that `before` has not, and the other way round. */
function changed(before: string, after: string) {
  const [a, b] = [before.split('\n'), after.split('\n')];
  return { gone: a.filter((line) => !b.includes(line)), come: b.filter((line) => !a.includes(line)) };
}

const CAMERA = { address: '192.168.1.30', username: 'viewer', password: `\${GATE_PASSWORD}`, serial: '00123' };

describe('an edit of the configuration', () => {
  it('adds a camera and touches nothing else', () => {
    const edited = setSetting(FILE, ['cameras', 'gate'], CAMERA);
    expect(changed(FILE, edited)).toEqual({
      gone: [],
      come: ['  gate:', '    address: 192.168.1.30', `    password: \${GATE_PASSWORD}`, '    serial: "00123"'],
    });
    expect(edited.replace(/ {2}gate:\n(?: {4}.*\n)*/, '')).toBe(FILE);
    expect(edited).toContain('# (the roof comes in spring)\n  gate:\n');
    expect(parse(edited).cameras).toEqual({ ...parse(FILE).cameras, gate: CAMERA });
  });

  it('changes a value where it stands, with its comment', () => {
    const edited = setSetting(FILE, ['cameras', 'front', 'address'], '192.168.1.44');
    expect(changed(FILE, edited)).toEqual({
      gone: ['    address: 192.168.1.20   # fixed in the router'],
      come: ['    address: 192.168.1.44   # fixed in the router'],
    });
  });

  it('adds to a group in braces, and to one that is not there yet', () => {
    expect(setSetting(FILE, ['cameras', 'yard', 'username'], 'a, b')).toContain(
      'record: {}, username: "a, b" }  # old\n',
    );
    const edited = setSetting(FILE, ['cameras', 'front', 'set', 'main', 'fps'], 15);
    expect(edited).toContain('    # record: { mode: off }\n    set:\n      main:\n        fps: 15\n\n  yard:');
    expect(changed(FILE, edited).gone).toEqual([]);
  });

  it.each([
    ['an empty file', ''],
    ['nothing but comments', '# mine\n'],
    ['no line break at the end', '# mine\nsite: a'],
    ['no cameras', 'site: a\n# the end\n'],
    ['a name without a value', 'cameras:   # to come\nsite: a\n'],
    ['an empty group', 'cameras: {}   # to come\nsite: a\n'],
    ['Windows line ends', '# mine\r\nsite: a\r\ncameras:\r\n  x: { address: 10.0.0.1 }\r\n'],
    ['a text over several lines at the end', 'cameras:\n  x:\n    note: |\n      one\n      two\n# mine\n'],
    ['anchors', 'cameras:\n  x: &x { address: 10.0.0.1 } # mine\n  y: *x\n'],
    ['a document marker', '---\n# mine\nsite: a\n'],
    ['everything in braces', '{ site: a, cameras: { x: { address: 10.0.0.1 } } } # mine\n'],
  ])('holds its comments and its meaning with %s', (_, text) => {
    const edited = setSetting(text, ['cameras', 'gate'], CAMERA);
    const before = parse(text) ?? {};
    expect(parse(edited)).toEqual({ ...before, cameras: { ...before.cameras, gate: CAMERA } });
    for (const comment of text.match(/#.*/g) ?? []) expect(edited).toContain(comment.trim());
    // Said again, it is no news.
    expect(setSetting(edited, ['cameras', 'gate'], CAMERA)).toBe(edited);
    const again = setSetting(edited, ['cameras', 'gate', 'address'], '10.9.9.9');
    expect(parse(again).cameras.gate.address).toBe('10.9.9.9');
    expect(setSetting(again, ['cameras', 'gate', 'address'], CAMERA.address)).toBe(edited);
    if (text.includes('\r')) expect(edited.replaceAll('\r\n', '')).not.toContain('\n');
  });

  it('holds what a random file says, whatever is set in it', () => {
    let state = 7;
    const random = (below: number) => {
      state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
      return Math.floor((state / 2 ** 31) * below);
    };
    const words = ['a', 'b', 'c', '1', 'x: y', '# no', "it's", '"q"', 'true', `\${X}`, '{', ' pad ', 'é', 'two\nlines'];
    for (let round = 0; round < 300; round++) {
      let text = '# top\n';
      let tree: Record<string, unknown> = {};
      for (let step = 0; step < 12; step++) {
        const path = Array.from({ length: 1 + random(3) }, (_, depth) => `k${depth}${random(3)}`);
        const value = words[random(words.length)]!;
        let node: Record<string, unknown> | undefined = tree;
        for (const name of path.slice(0, -1)) {
          const next: unknown = node && (node[name] ?? {});
          node = typeof next === 'object' ? (next as Record<string, unknown>) : undefined;
        }
        if (!node) {
          expect(() => setSetting(text, path, value)).toThrow(expect.objectContaining({ code: 'config-not-editable' }));
          continue;
        }
        tree = merged(tree, path, value);
        text = setSetting(text, path, value).replace(/\n$/, random(3) === 0 ? `\n# c${step}\n` : '\n');
        expect(parse(text)).toEqual(tree);
      }
      expect(text).toContain('# top');
    }
  });

  it('refuses what it cannot change, and repeats none of it', () => {
    for (const text of ['a: b: CANARY\n', '- CANARY\n', 'cameras: CANARY\n']) {
      const attempt = () => setSetting(text, ['cameras', 'gate', 'address'], 'x');
      expect(attempt).toThrow(expect.objectContaining({ code: 'config-not-editable' }));
      expect(attempt).not.toThrow(/CANARY/);
    }
  });
});

function merged(tree: Record<string, unknown>, [name, ...rest]: string[], value: string): Record<string, unknown> {
  if (rest.length === 0) return { ...tree, [name!]: value };
  return { ...tree, [name!]: merged((tree[name!] ?? {}) as Record<string, unknown>, rest, value) };
}
