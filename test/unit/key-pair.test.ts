import ssh2 from 'ssh2';
import { expect, it } from 'vitest';
import { generateKeyPair } from '../../lib/remote/key-pair.js';

it('every key pair that is made can be read, both halves of it', () => {
  // ssh2 alone makes one in 230 that cannot: none in so many happens once in a thousand times.
  for (let tries = 0; tries < 1_600; tries++) {
    const pair = generateKeyPair();
    expect(ssh2.utils.parseKey(pair.public)).not.toBeInstanceOf(Error);
    expect(ssh2.utils.parseKey(pair.private)).not.toBeInstanceOf(Error);
  }
});

it('a passphrase is needed to read the private half', () => {
  const pair = generateKeyPair({ comment: 'gate', passphrase: 'open sesame' });
  expect(pair.public).toMatch(/^ssh-ed25519 \S+ gate$/);
  expect(ssh2.utils.parseKey(pair.private)).toBeInstanceOf(Error);
  expect(ssh2.utils.parseKey(pair.private, 'open sesame')).not.toBeInstanceOf(Error);
});
