import ssh2, { type ParsedKey, type SignCallback, type SigningRequestOptions } from 'ssh2';

/** The keys an SSH agent holds. As with key files, an RSA key signs with SHA-2 or not at all. */
export class TodaysAgent extends ssh2.OpenSSHAgent {
  override sign(
    key: ParsedKey | Buffer | string,
    data: Buffer,
    options?: SigningRequestOptions | SignCallback,
    done?: SignCallback,
  ): boolean {
    const answer = typeof options === 'function' ? options : done;
    const asked = typeof options === 'function' ? undefined : options;
    const isRsa = typeof key === 'object' && 'type' in key && key.type === 'ssh-rsa';
    // Without a hash named, the signature would be of SHA-1.
    if (isRsa && asked?.hash !== 'sha256' && asked?.hash !== 'sha512') {
      answer?.(new Error('SHA-1 signatures are refused'));
      return false;
    }
    return super.sign(key, data, asked, answer);
  }
}
