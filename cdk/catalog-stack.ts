import { CfnOutput, Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { CfnNamedQuery, CfnWorkGroup } from 'aws-cdk-lib/aws-athena';
import { CfnDatabase, CfnTable } from 'aws-cdk-lib/aws-glue';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { DeployedSite } from '../src/config/deployment.js';
import type { AwsSettings } from '../src/config/deployment-schema.js';
import type { ArchiveBucket } from './archive-bucket.js';
import { argue } from './argued-checks.js';
import { SAVED_QUERIES } from './catalog-queries.js';
import { COLUMNS, locationTemplate, PARTITIONS, projection } from './catalog-table.js';

export interface CatalogStackProps extends StackProps {
  readonly archive: ArchiveBucket;
  readonly settings: NonNullable<AwsSettings['catalog']>;
  readonly sites: readonly DeployedSite[];
  /** Names database and work group. */
  readonly deployment: string;
}

const TABLE = 'entries';

/** One SQL table over the index of all sites. Nothing runs and nothing is copied: a query reads the shards where they lie. */
export class CatalogStack extends Stack {
  constructor(scope: Construct, id: string, props: CatalogStackProps) {
    super(scope, id, props);
    const { deployment, settings } = props;
    // Glue takes lower-case names only, and `-` would have to be quoted in every query.
    const database = deployment.toLowerCase().replaceAll('-', '_');
    this.#makeTable(props, database);
    const workGroup = this.#makeWorkGroup(deployment, settings.scan_limit_gb);
    for (const { name, description, sql } of SAVED_QUERIES) {
      const query = new CfnNamedQuery(this, name.replaceAll(' ', ''), {
        ...{ name, description, database, queryString: sql(`${database}.${TABLE}`), workGroup: workGroup.name },
      });
      query.addResourceDependency(workGroup);
    }
    new CfnOutput(this, 'AthenaWorkGroup', { value: workGroup.name, description: 'Choose it in the Athena console' });
  }

  #makeTable({ archive, sites }: CatalogStackProps, database: string): void {
    const { bucket } = archive;
    const owner = new CfnDatabase(this, 'Database', {
      catalogId: this.account,
      databaseInput: { name: database, description: 'nvr-uplink: the index of the footage archive' },
    });
    const table = new CfnTable(this, 'Entries', {
      catalogId: this.account,
      databaseName: database,
      tableInput: {
        name: TABLE,
        tableType: 'EXTERNAL_TABLE',
        parameters: {
          EXTERNAL: 'TRUE',
          ...projection(sites),
          'storage.location.template': locationTemplate(bucket.bucketName),
        },
        partitionKeys: PARTITIONS.map((name) => ({ name, type: 'string' })),
        storageDescriptor: {
          columns: COLUMNS.map(([name, type]) => ({ name, type })),
          location: bucket.s3UrlForObject(),
          inputFormat: 'org.apache.hadoop.mapred.TextInputFormat',
          outputFormat: 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat',
          serdeInfo: {
            serializationLibrary: 'org.openx.data.jsonserde.JsonSerDe',
            // A line that was cut off costs that line, not the query (docs/archive-format.md §3).
            parameters: { 'ignore.malformed.json': 'true', 'case.insensitive': 'true' },
          },
        },
      },
    });
    table.addResourceDependency(owner);
  }

  #makeWorkGroup(deployment: string, limitGb: number): CfnWorkGroup {
    const results = new Bucket(this, 'Results', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      lifecycleRules: [{ id: 'expire-results', expiration: Duration.days(7) }],
      removalPolicy: RemovalPolicy.RETAIN,
    });
    argue(results, {
      rule: 'S1',
      reason: 'Answers to queries, gone after seven days; the archive they are about logs each request itself.',
    });
    return new CfnWorkGroup(this, 'WorkGroup', {
      name: deployment,
      description: 'nvr-uplink: questions to the index',
      recursiveDeleteOption: true,
      workGroupConfiguration: {
        // Nobody lifts the limit by a setting of their own.
        enforceWorkGroupConfiguration: true,
        bytesScannedCutoffPerQuery: limitGb * 1_000_000_000,
        engineVersion: { selectedEngineVersion: 'Athena engine version 3' },
        publishCloudWatchMetricsEnabled: false,
        resultConfiguration: {
          outputLocation: results.s3UrlForObject('results/'),
          encryptionConfiguration: { encryptionOption: 'SSE_S3' },
        },
      },
    });
  }
}
