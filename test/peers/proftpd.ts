import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { FtpServer } from './ftp-server.js';
import { PROFTPD_DIR } from './peers.js';

/** Debian's ProFTPD with TLS, a user of its own, and MLSD, which vsftpd does not know. */
export class Proftpd extends FtpServer {
  static async start(): Promise<Proftpd> {
    const server = new Proftpd(await FtpServer.folder());
    await mkdir(server.dir);
    await server.resume();
    return server;
  }

  private constructor(work: string) {
    super(work);
  }

  protected async command(port: number) {
    const path = (name: string) => join(this.work, name);
    await writeFile(path('cert.pem'), this.certificate.cert, { mode: 0o600 });
    await writeFile(path('key.pem'), this.certificate.key, { mode: 0o600 });
    const { uid, gid, username } = userInfo();
    const hash = execFileSync('openssl', ['passwd', '-6', '-stdin'], { input: this.password, encoding: 'utf8' }).trim();
    await writeFile(path('users'), `${this.username}:${hash}:${uid}:${gid}::${this.dir}:/bin/sh\n`);
    await chmod(path('users'), 0o600);
    await writeFile(
      path('conf'),
      `
ModulePath ${PROFTPD_DIR}/usr/lib/proftpd
LoadModule mod_tls.c
ServerType standalone
ServerName peer
DefaultAddress ${this.host}
Port ${port}
UseIPv6 off
User ${username}
Group root
PidFile ${path('pid')}
ScoreboardFile ${path('scoreboard')}
DelayEngine off
WtmpLog off
TransferLog none
SystemLog ${path('log')}
RootLogin on
RequireValidShell off
AuthPAM off
AuthOrder mod_auth_file.c
AuthUserFile ${path('users')}
AllowOverwrite on
MaxInstances 100
TLSEngine on
TLSRequired on
TLSProtocol TLSv1.2 TLSv1.3
TLSRSACertificateFile ${path('cert.pem')}
TLSRSACertificateKeyFile ${path('key.pem')}
`.replace(/RSACertificate/g, 'ECCertificate'),
    );
    const lib = join(PROFTPD_DIR, 'usr/lib');
    // Debian's library folder is named after the machine.
    const libraries = readdirSync(lib)
      .filter((name) => name.endsWith('-linux-gnu'))
      .map((name) => join(lib, name));
    return {
      file: join(PROFTPD_DIR, 'usr/sbin/proftpd'),
      args: ['--nodaemon', '-c', path('conf')],
      env: { LD_LIBRARY_PATH: libraries.join(':') },
    };
  }
}
