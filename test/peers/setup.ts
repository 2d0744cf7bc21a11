import { install, mayInstall, missingPeers } from './peers.js';

/** Before any test: says which peers are missing, installs them where it may, and fails where they stay missing. */
export default function setup(): void {
  let missing = missingPeers();
  if (missing.length === 0) return;
  const packages = missing.flatMap((peer) => peer.packages).join(' ');
  console.log(`Missing for the tests: ${missing.map((peer) => peer.name).join(', ')}.`);
  if (mayInstall()) {
    console.log(`Installing them: apt-get install ${packages}`);
    install(missing);
    missing = missingPeers();
  }
  if (missing.length > 0) {
    throw new Error(
      `Still missing: ${missing.map((peer) => peer.name).join(', ')}. As root on Debian: apt-get install ${packages}`,
    );
  }
}
