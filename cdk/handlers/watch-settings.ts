/** What the watch knows of the deployment: written at synth, laid beside the code. */
export interface WatchSettings {
  sites: Record<string, WatchedSite>;
  /** Files in a row that have to be missing. */
  silentAfter: number;
  /** How often a silence or failures that last are told again. */
  remindMs: number;
  /** Whether each site has a metric of its own. */
  siteMetrics: boolean;
}

export interface WatchedSite {
  /** For cameras that are not listed. */
  everyMs: number;
  /** By name, how often a file arrives at least. Undefined: whatever camera once sent. */
  cameras?: Record<string, number>;
}
