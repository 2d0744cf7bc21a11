import { scryptSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { hashPassword, isPasswordHash, verifyPassword } from '../../lib/password.js';

describe('a password hash', () => {
  it('tells the password from any other', async () => {
    const hash = await hashPassword('correct horse');
    expect(await verifyPassword('correct horse', hash)).toBe(true);
    for (const other of ['correct hors', 'correct horse ', 'Correct horse', '']) {
      expect(await verifyPassword(other, hash)).toBe(false);
    }
  });

  it('says itself how it was made, and nothing of the password', async () => {
    const hash = await hashPassword('correct horse');
    expect(hash).toMatch(/^\$scrypt\$ln=15,r=8,p=1\$[^$]{22}\$[^$]{43}$/);
    expect(isPasswordHash(hash)).toBe(true);
  });

  it('is never the same twice', async () => {
    expect(await hashPassword('correct horse')).not.toBe(await hashPassword('correct horse'));
  });

  it('was made at another cost and still counts', async () => {
    const salt = Buffer.alloc(16, 7);
    const key = scryptSync('old', salt, 32, { N: 16, r: 4, p: 2 });
    const [saltText, keyText] = [salt, key].map((data) => data.toString('base64').replace(/=+$/, ''));
    expect(await verifyPassword('old', `$scrypt$ln=4,r=4,p=2$${saltText}$${keyText}`)).toBe(true);
  });

  it('does not depend on how a keyboard composes letters', async () => {
    expect(await verifyPassword('cafe\u0301', await hashPassword('caf\u00e9'))).toBe(true);
  });

  it.each([
    '',
    'correct horse',
    '$scrypt$ln=15,r=8,p=1$$',
    '$scrypt$ln=0,r=8,p=1$bmFjbG5hY2xuYWNsbmFjbA$bmFjbG5hY2xuYWNsbmFjbG5hY2xuYWNsbmFjbG5hY2w',
    '$scrypt$ln=30,r=8,p=1$bmFjbG5hY2xuYWNsbmFjbA$bmFjbG5hY2xuYWNsbmFjbG5hY2xuYWNsbmFjbG5hY2w',
    '$scrypt$ln=15,r=99,p=1$bmFjbG5hY2xuYWNsbmFjbA$bmFjbG5hY2xuYWNsbmFjbG5hY2xuYWNsbmFjbG5hY2w',
  ])('is not %j', async (text) => {
    expect(isPasswordHash(text)).toBe(false);
    await expect(verifyPassword('correct horse', text)).rejects.toMatchObject({ code: 'password-hash-invalid' });
  });
});
