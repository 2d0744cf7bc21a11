/** Ways to write `..`, and a separator, that one decoder or another has fallen for. */
export const UP = [
  '..',
  '%2e%2e',
  '.%2e',
  '%2E.',
  '%252e%252e',
  '..%00',
  '%c0%ae%c0%ae',
  '%uff0e%uff0e',
  '....',
  '..;',
  '.%20.',
];
export const SLASH = ['/', '//', '%2f', '%2F', '%252f', '\\', '%5c', '%255c', '/./', '%c0%af', '%00/'];
