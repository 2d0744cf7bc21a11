import type { TestProject } from 'vitest/node';
import { install, mayInstall, missingPeers } from './peers.js';
import { sharePeers } from './shared.js';

/** Before any test: peers are there, and those that are shared can be asked for. Returns what ends them. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  requirePeers();
  const shared = await sharePeers();
  project.provide('sharedPeers', shared.url);
  return () => shared.stop();
}

/** Says which peers are missing, installs them where it may, and fails where they stay missing. */
function requirePeers(): void {
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
