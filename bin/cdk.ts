import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { ArchiveStack } from '../cdk/archive-stack.js';
import { readSettings } from '../cdk/settings.js';

const app = new App();
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));

const settings = readSettings((name) => app.node.tryGetContext(name));
new ArchiveStack(app, 'NvrUplinkArchive', {
  description: 'nvr-uplink: the footage archive',
  retentionDays: settings.retentionDays,
});

app.synth();
