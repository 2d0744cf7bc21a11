import ssh2 from 'ssh2';

/** In OpenSSH's formats. */
export interface KeyPair {
  /** A secret. */
  private: string;
  /** One line, `ssh-ed25519 AAAA…`. */
  public: string;
}

export interface KeyPairOptions {
  comment?: string;
  /** Encrypts the private half, as ssh-keygen does: bcrypt makes guessing slow. */
  passphrase?: string;
}

/** A new Ed25519 key pair that reads back: of those that ssh2 1.17 makes, about 1 in 200 nobody can read. */
export function generateKeyPair({ comment, passphrase }: KeyPairOptions = {}): KeyPair {
  const options = passphrase === undefined ? {} : { passphrase, cipher: 'aes256-ctr', rounds: 16 };
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519', { comment, ...options });
    const readBack = [ssh2.utils.parseKey(pair.public), ssh2.utils.parseKey(pair.private, passphrase)];
    if (!readBack.some((key) => key instanceof Error)) return pair;
  }
}
