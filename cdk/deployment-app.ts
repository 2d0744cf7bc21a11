import type { App } from 'aws-cdk-lib';
import type { DeployedSite, Deployment } from '../src/config/deployment.js';
import type { TransferSettings } from '../src/config/deployment-schema.js';
import { ArchiveStack } from './archive-stack.js';
import { CatalogStack } from './catalog-stack.js';
import { DirectStack } from './direct-stack.js';
import { TransferStack } from './transfer-stack.js';
import { ViewerStack } from './viewer-stack.js';
import { WatchStack } from './watch-stack.js';

/** All that a deployment needs, as stacks that each can go without taking the footage along. */
export function buildStacks(app: App, deployment: Deployment): void {
  const { name, sites, alarms, catalog } = deployment;
  const { archive } = new ArchiveStack(app, `${name}Archive`, {
    description: 'nvr-uplink: the footage archive',
    settings: deployment.bucket,
  });
  const throughEndpoint = sites.filter(({ transport }) => transport !== 's3');
  const direct = sites.filter(({ transport }) => transport === 's3');
  const transfer =
    deployment.transfer &&
    makeTransfer(app, { ...deployment, transfer: deployment.transfer }, archive, throughEndpoint);
  if (direct.length > 0) {
    new DirectStack(app, `${name}Direct`, {
      description: 'nvr-uplink: users of sites that upload straight to S3',
      ...{ archive, sites: direct },
    });
  }
  new ViewerStack(app, `${name}Viewer`, {
    description: 'nvr-uplink: the role that reads the archive',
    ...{ archive, settings: deployment.viewer },
  });
  if (alarms) {
    new WatchStack(app, `${name}Watch`, {
      description: 'nvr-uplink: tells when a site or camera falls silent',
      ...{ archive, sites, settings: alarms, deployment: name, transferLog: transfer?.server.logGroup },
    });
  }
  if (catalog) {
    new CatalogStack(app, `${name}Catalog`, {
      description: 'nvr-uplink: SQL over the index of all sites',
      ...{ archive, sites, settings: catalog, deployment: name },
    });
  }
}

function makeTransfer(
  app: App,
  { name, transfer }: { name: string; transfer: TransferSettings },
  archive: ArchiveStack['archive'],
  sites: readonly DeployedSite[],
): TransferStack {
  return new TransferStack(app, `${name}Transfer`, {
    description: 'nvr-uplink: the upload endpoint',
    ...{ archive, sites, settings: transfer },
  });
}
