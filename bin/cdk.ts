import { App, Validations } from 'aws-cdk-lib';
import { ArguedChecks } from '../cdk/argued-checks.js';
import { buildStacks } from '../cdk/deployment-app.js';
import { Failure } from '../lib/errors.js';
import { loadDeployment } from '../src/config/deployment.js';

const app = new App();
Validations.of(app).addPlugins(new ArguedChecks(app));
try {
  const wanted: unknown = app.node.tryGetContext('config') ?? process.env.NVR_UPLINK_CONFIG;
  const { deployment } = loadDeployment(wanted === undefined ? undefined : String(wanted));
  buildStacks(app, deployment);
  app.synth();
} catch (error) {
  // What says itself what to do needs no stack.
  if (!(error instanceof Failure)) throw error;
  process.stderr.write(`${error.message}\n${error.hint ? `→ ${error.hint}\n` : ''}`);
  process.exitCode = 1;
}
