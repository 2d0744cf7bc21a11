/** Told as each stage of a new connection is reached, with what was found there: an address, a fingerprint, a user. */
export type OnStage = (stage: 'tcp' | 'identity' | 'sign-in', detail: string) => void;
