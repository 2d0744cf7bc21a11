export interface SavedQuery {
  name: string;
  description: string;
  /** `table` with its database. */
  sql(table: string): string;
}

/** Partitions of the day are text as in the keys. */
const YESTERDAY = `date_format(current_date - interval '1' day, '%Y/%m/%d')`;

/** `type` is null for the daily signatures that lie beside the shards; an entry may be listed twice, and counts once. */
export const SAVED_QUERIES: readonly SavedQuery[] = [
  {
    name: 'Gaps per site yesterday',
    description: 'How long each camera of each site had no footage yesterday (UTC), and why',
    sql: (table) => `SELECT site, camera, cause, count(*) AS gaps,
  sum(date_diff('second', from_iso8601_timestamp("start"), from_iso8601_timestamp("end"))) AS seconds
FROM (SELECT DISTINCT site, camera, cause, "start", "end" FROM ${table}
  WHERE day = ${YESTERDAY} AND "type" = 'gap')
GROUP BY site, camera, cause
ORDER BY seconds DESC`,
  },
  {
    name: 'Motion between two times',
    description: 'Recordings of motion at all sites; change the two days and the two times',
    sql: (table) => `SELECT DISTINCT site, camera, "start", "end", "key"
FROM ${table}
WHERE day BETWEEN '2026/05/03' AND '2026/05/03' AND "type" = 'segment' AND kind = 'motion'
  AND "start" < '2026-05-03T02:40:00.000Z' AND "end" > '2026-05-03T02:10:00.000Z'
ORDER BY "start"`,
  },
  {
    name: 'Storage per camera',
    description: 'What each camera sent in the last 30 days: files, GB, hours',
    sql: (table) => `SELECT site, camera, count(*) AS files, sum(bytes) / 1e9 AS gb,
  sum(date_diff('second', from_iso8601_timestamp("start"), from_iso8601_timestamp("end"))) / 3600.0 AS hours
FROM (SELECT DISTINCT site, camera, "key", bytes, "start", "end" FROM ${table}
  WHERE day >= date_format(current_date - interval '30' day, '%Y/%m/%d') AND "type" IN ('segment', 'snapshot'))
GROUP BY site, camera
ORDER BY gb DESC`,
  },
];
