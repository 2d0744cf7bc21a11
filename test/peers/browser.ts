import { type Browser, chromium } from 'playwright-core';

/** Debian's Chromium, kept from calling anybody. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
      ...['--disable-component-update', '--disable-sync', '--mute-audio'],
    ],
  });
}
