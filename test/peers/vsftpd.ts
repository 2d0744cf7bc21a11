import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FtpServer } from './ftp-server.js';

/**
 * Debian's vsftpd with TLS. Its one way to a password that is not a system account's is the anonymous user with a list of
 * accepted ones; that user may do all that an upload needs, but not at the top, which vsftpd wants read-only.
 */
export class Vsftpd extends FtpServer {
  override readonly username = 'ftp';
  override readonly root = 'archive';
  readonly #tls: boolean;

  static async start({ tls = true } = {}): Promise<Vsftpd> {
    const server = new Vsftpd(await FtpServer.folder(), tls);
    await mkdir(server.dir, { recursive: true });
    execFileSync('chmod', ['755', server.work]);
    execFileSync('chown', ['ftp:ftp', server.dir]);
    await server.resume();
    return server;
  }

  private constructor(work: string, tls: boolean) {
    super(work);
    this.#tls = tls;
  }

  protected async command(port: number) {
    const path = (name: string) => join(this.work, name);
    await writeFile(path('cert.pem'), this.certificate.cert + this.certificate.key);
    await writeFile(path('passwords'), `${this.password}\n`);
    await mkdir(path('empty'), { recursive: true });
    const yesNo = (yes: boolean) => (yes ? 'YES' : 'NO');
    const settings = {
      listen: 'YES',
      listen_address: this.host,
      listen_port: port,
      background: 'NO',
      secure_chroot_dir: path('empty'),
      // The sandbox of Debian 12's vsftpd kills it on newer kernels.
      seccomp_sandbox: 'NO',
      local_enable: 'NO',
      anonymous_enable: 'YES',
      anon_root: dirname(this.dir),
      secure_email_list_enable: 'YES',
      email_password_file: path('passwords'),
      write_enable: 'YES',
      anon_upload_enable: 'YES',
      anon_mkdir_write_enable: 'YES',
      anon_other_write_enable: 'YES',
      anon_world_readable_only: 'NO',
      anon_umask: '022',
      ssl_enable: yesNo(this.#tls),
      allow_anon_ssl: 'YES',
      force_anon_logins_ssl: yesNo(this.#tls),
      force_anon_data_ssl: yesNo(this.#tls),
      // A data connection must resume the control connection's session.
      require_ssl_reuse: 'YES',
      rsa_cert_file: path('cert.pem'),
      max_per_ip: 100,
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
    await writeFile(path('conf'), `${lines.join('\n')}\n`);
    return { file: '/usr/sbin/vsftpd', args: [path('conf')] };
  }
}
