import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { helm, KEPT, render } from '../../scripts/chart.ts';
import { type Manifest, manifestsIn, podsOf } from '../../scripts/support/manifests.ts';
import { ConfigError, environmentDefaults, readConfig, USES } from '../../src/config/config.ts';
import type { Role } from '../../src/config/roles.ts';

const [PLAIN = '', EVERYTHING = ''] = KEPT.map(({ values }) => values);
const NAMES = Object.keys(environmentDefaults());

/** What the chart can be told, each beside the plain values; `of` names the kinds that it brings. */
const MATRIX: Record<string, { args: string[]; of?: string[] }> = {
  'nothing more': { args: [] },
  'another name': { args: ['--set', 'fullnameOverride=shop,nameOverride=orders'] },
  'no bridge': { args: ['--set', 'roles.bridge.enabled=false'] },
  'workers alone': { args: ['--set', 'roles.bridge.enabled=false,roles.api.enabled=false'] },
  'workers by CPU': { args: ['--set', 'autoscaling.worker.by=hpa'], of: ['HorizontalPodAutoscaler'] },
  'workers by KEDA': { args: ['--set', 'autoscaling.worker.by=keda'], of: ['ScaledObject'] },
  'both by KEDA': {
    args: ['--set', 'autoscaling.worker.by=keda,autoscaling.bridge.by=keda'],
    of: ['ScaledObject'],
  },
  'an ingress': { args: ['--set', 'ingress.enabled=true,ingress.host=shop.example'], of: ['Ingress'] },
  'the operator of Prometheus': {
    args: ['--set', 'monitoring.podMonitor=true,monitoring.prometheusRule=true'],
    of: ['PodMonitor', 'PrometheusRule'],
  },
  'a daily verify': { args: ['--set', 'verify.enabled=true'], of: ['CronJob'] },
  'no policy, an account that exists': {
    args: ['--set', 'networkPolicy.enabled=false,serviceAccount.create=false,serviceAccount.name=orders'],
  },
};

const RENDERED = new Map<string, Manifest[]>([
  ...Object.entries(MATRIX).map(([name, { args }]) => [name, manifestsIn(render(PLAIN, ...args))] as const),
  ['everything', manifestsIn(render(EVERYTHING))],
]);

/** Where the types of an object are. */
const PACKAGES: Record<string, string> = {
  'keda.sh/v1alpha1': '@kubernetes-models/keda',
  'monitoring.coreos.com/v1': '@kubernetes-models/prometheus-operator',
};
const typeOf = ({ apiVersion, kind }: Manifest): string =>
  `${PACKAGES[apiVersion] ?? 'kubernetes-models'}/${apiVersion}/${kind}`;

describe('the chart', () => {
  it('pleases helm lint', () => {
    for (const values of [PLAIN, EVERYTHING]) helm('lint', '--strict', 'deploy/chart', '--values', values);
  });

  it.each(KEPT)('renders $manifests as it is kept (npm run chart)', ({ values, manifests }) => {
    expect(render(values)).toBe(readFileSync(manifests, 'utf8'));
  });

  it.each(Object.entries(MATRIX))('brings with %s what was asked for', (name, { of = [] }) => {
    const kinds = RENDERED.get(name)?.map(({ kind }) => kind);
    expect(kinds).toEqual(expect.arrayContaining(of));
    expect(new Set(RENDERED.get(name)?.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).size).toBe(
      kinds?.length,
    );
  });

  it('writes objects that Kubernetes takes', async () => {
    for (const manifest of [...RENDERED.values()].flat()) {
      const { [manifest.kind]: Model } = await import(typeOf(manifest));
      expect(() => new Model(manifest).validate()).not.toThrow();
    }
  });

  it('writes no field that Kubernetes does not know', () => {
    const objects = [...RENDERED.values()].flat();
    const types = [...new Set(objects.map(typeOf))];
    const lines = [
      ...types.map((type, at) => `import type { I${path.basename(type)} as T${at} } from '${type}';`),
      ...objects.map(
        (object, at) =>
          `export const o${at}: T${types.indexOf(typeOf(object))} = ${JSON.stringify(object, null, 1)};`,
      ),
    ];
    // Beside the packages that it names.
    const folder = mkdtempSync(path.resolve('node_modules', '.manifests-'));
    try {
      writeFileSync(path.join(folder, 'objects.ts'), lines.join('\n'));
      const options = [
        '--noEmit',
        '--skipLibCheck',
        '--strict',
        '--module',
        'nodenext',
        '--target',
        'es2022',
      ];
      const compiler = path.resolve('node_modules/typescript/bin/tsc');
      const file = path.join(folder, 'objects.ts');
      const { stdout } = spawnSync(process.execPath, [compiler, '--ignoreConfig', ...options, file], {
        encoding: 'utf8',
      });
      expect(stdout).toBe('');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe.each([...RENDERED])('with %s', (_name, manifests) => {
  const named = (kind: string) =>
    manifests.filter((each) => each.kind === kind).map(({ metadata }) => metadata.name);
  const pods = podsOf(manifests);

  it('every name leads to something that is there', () => {
    for (const { pod } of pods) {
      const [container] = pod.containers;
      expect(['orders', ...named('ServiceAccount')]).toContain(pod.serviceAccountName);
      for (const { configMapRef } of container?.envFrom ?? [])
        expect(named('ConfigMap')).toContain(configMapRef.name);
      const mounted = (container?.volumeMounts ?? []).map(({ name }) => name);
      expect(mounted).toEqual((pod.volumes ?? []).map(({ name }) => name));
    }
    for (const { kind, spec } of manifests) {
      if (kind === 'Service') {
        const ports = portsOf(spec.selector);
        for (const { targetPort } of spec.ports) expect(ports).toContain(targetPort);
      }
      if (kind === 'PodDisruptionBudget') expect(portsOf(spec.selector.matchLabels)).toContain('health');
      if (kind === 'Ingress') {
        const [{ backend }] = spec.rules[0].http.paths;
        expect(named('Service')).toContain(backend.service.name);
        expect(portsOfService(backend.service.name)).toContain(backend.service.port.name);
      }
      if (kind === 'ScaledObject' || kind === 'HorizontalPodAutoscaler')
        expect(named('Deployment')).toContain(spec.scaleTargetRef.name);
      if (kind === 'ScaledObject') {
        for (const { metadata } of spec.triggers.filter(
          ({ type }: { type: string }) => type === 'metrics-api',
        )) {
          const { hostname, port, pathname } = new URL(metadata.url);
          expect([portsOfService(hostname.split('.')[0] ?? ''), pathname]).toEqual([
            [Number(port)],
            '/queue',
          ]);
        }
      }
    }
  });

  function portsOf(labels: Record<string, string>): string[] {
    const chosen = manifests.filter(
      ({ kind, spec }) =>
        kind === 'Deployment' &&
        Object.entries(labels).every(([name, value]) => spec.template.metadata.labels[name] === value),
    );
    return chosen.flatMap(({ spec }) =>
      spec.template.spec.containers[0].ports.map(({ name }: { name: string }) => name),
    );
  }

  function portsOfService(service: string): (string | number)[] {
    const { spec } =
      manifests.find(({ kind, metadata }) => kind === 'Service' && metadata.name === service) ?? {};
    return spec.ports.map(({ name, port }: { name: string; port: number }) =>
      name === 'http' ? name : port,
    );
  }

  it('every pod starts with what it is told', () => {
    const config = manifests.find(({ kind }) => kind === 'ConfigMap')?.data ?? {};
    for (const { pod } of pods) {
      const [{ args, env }] = pod.containers as [(typeof pod.containers)[number]];
      const given = {
        ...IMAGE,
        ...config,
        ...Object.fromEntries(env.map(({ name, value }) => [name, value ?? SECRET[name]])),
      };
      expect(NAMES).toEqual(expect.arrayContaining(Object.keys(given)));
      const uses = args[0] === 'verify' ? (['redis'] as const) : USES[args[0] as Role];
      // Files of secrets are there in the cluster only.
      const withoutFiles = Object.fromEntries(Object.entries(given).filter(([name]) => !/_CA$/.test(name)));
      try {
        const { unknown } = readConfig(withoutFiles as NodeJS.ProcessEnv, uses);
        expect(unknown).toEqual([]);
      } catch (error) {
        throw error instanceof ConfigError ? new Error(error.message) : error;
      }
    }
  });

  it('every pod may do little, and ends within what it is given', () => {
    const { SHUTDOWN_TIMEOUT_MS } = manifests.find(({ kind }) => kind === 'ConfigMap')?.data ?? {};
    for (const { pod } of pods) {
      expect(pod.automountServiceAccountToken).toBe(false);
      expect(pod.securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      for (const container of pod.containers) {
        expect(container.securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        expect(container.resources.limits.memory).toMatch(/^\d+Mi$/);
        const probes = ['startupProbe', 'livenessProbe', 'readinessProbe'].map((name) => container[name]);
        if (pod.terminationGracePeriodSeconds === undefined) continue;
        expect(probes).toMatchObject([
          { httpGet: { path: '/health/live', port: 'health' } },
          { httpGet: { path: '/health/live', port: 'health' } },
          { httpGet: { path: '/health/ready', port: 'health' } },
        ]);
        expect(pod.terminationGracePeriodSeconds * 1_000).toBeGreaterThan(
          Number(SHUTDOWN_TIMEOUT_MS) + 5_000,
        );
      }
    }
  });
});

/** What the image sets itself. */
const IMAGE = Object.fromEntries(
  [...readFileSync('Dockerfile', 'utf8').matchAll(/^(?:ENV| {3}) ([A-Z_]+)=(\S+)/gm)].map(
    ([, name, value]) => [name, value],
  ),
);
/** What Secrets could hold. */
const SECRET: Record<string, string> = {
  REDIS_URL: 'redis://redis.example',
  REDIS_PASSWORD: 'a password of Redis',
  ADMIN_USER: 'ops',
  ADMIN_PASSWORD: 'a password of the operators',
  METRICS_TOKEN: 'a-token-that-is-long-enough',
};

describe('the values', () => {
  const schema = JSON.parse(readFileSync('deploy/chart/values.schema.json', 'utf8'));

  it('may be the variables there are, secrets and what the chart sets aside', () => {
    const taken: string[] = schema.properties.secrets.propertyNames.enum;
    const setByChart =
      'NODE_ENV SHUTDOWN_TIMEOUT_MS HOST PORT HEALTH_PORT LOG_DIR LOG_RETENTION_DAYS DATA_DIR';
    const embedded = ['EMBEDDED_SQS_PORT', 'REDIS'];
    expect(taken).toEqual(NAMES.filter((name) => ![...setByChart.split(' '), ...embedded].includes(name)));
    const open: string[] = schema.$defs.config.propertyNames.enum;
    const secrets = taken.filter((name) => !open.includes(name));
    expect(secrets.sort()).toEqual([
      'ADMIN_PASSWORD',
      'ALERT_WEBHOOK_URL',
      'AWS_SECRET_ACCESS_KEY',
      'DATABASE_URL',
      'LLM_API_KEY',
      'METRICS_TOKEN',
      'OIDC_CLIENT_SECRET',
      'OTEL_EXPORTER_OTLP_HEADERS',
      'REDIS_PASSWORD',
      'REDIS_SENTINEL_PASSWORD',
      'REDIS_URL',
    ]);
  });

  it.each([
    ['config.QUEUE_NAMES=orders', /QUEUE_NAMES/],
    ['config.PORT=9000', /PORT/],
    ['config.ADMIN_PASSWORD=hunter2', /ADMIN_PASSWORD/],
    ['worker.replicas=3', /worker/],
    ['roles.worker.replicas=0', /replicas/],
    ['secrets.REDIS_PASSWORD.secret=redis', /key/],
    ['ingress.enabled=true', /host/],
    ['config.ADMIN_USER=ops', /ADMIN_USER is in config and in secrets: set it once/],
    ['autoscaling.worker.by=keda,roles.api.enabled=false', /set roles\.api\.enabled/],
    [
      'autoscaling.bridge.by=keda,config.SQS_QUEUE_URL=http://sqs.example/1/orders',
      /needs config\.AWS_REGION/,
    ],
  ])('are refused with %s', (setting, why) => {
    expect(() => render(PLAIN, '--set', setting)).toThrow(why);
  });

  it.each([
    ['secrets', 'REDIS_URL', /Which Redis\? Set secrets\.REDIS_URL/],
    ['config', 'STATS_API', /Who may read the stats\? Set config\.STATS_API/],
    ['secrets', 'ADMIN_PASSWORD', /Who may operate\?/],
    ['config', 'SQS_QUEUE_URL', /Which inbox\? Set config\.SQS_QUEUE_URL/],
  ] as const)('are refused without %s.%s', (part, name, why) => {
    const values = parse(readFileSync(PLAIN, 'utf8'));
    delete values[part][name];
    const folder = mkdtempSync(path.join(tmpdir(), 'order-pipeline-values-'));
    try {
      writeFileSync(path.join(folder, 'values.yaml'), stringify(values));
      expect(() => render(path.join(folder, 'values.yaml'))).toThrow(why);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('go with the product: one version, and its alerts', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(parse(readFileSync('deploy/chart/Chart.yaml', 'utf8'))).toMatchObject({
      version,
      appVersion: version,
    });
    const alerts = readFileSync('deploy/prometheus/alerts.yml', 'utf8');
    expect(readFileSync('deploy/chart/files/alerts.yml', 'utf8')).toBe(alerts);
    const rule = RENDERED.get('everything')?.find(({ kind }) => kind === 'PrometheusRule');
    expect(rule?.spec).toEqual(parse(alerts));
  });
});
