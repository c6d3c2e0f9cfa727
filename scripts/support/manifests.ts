import { parseAllDocuments } from 'yaml';

/** A Kubernetes object, as far as the tests look into it. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
  // biome-ignore lint/suspicious/noExplicitAny: held to the real types by kubernetes-models in chart.test.ts.
  spec?: any;
  data?: Record<string, string>;
}

export const manifestsIn = (text: string): Manifest[] =>
  parseAllDocuments(text).flatMap((document) => document.toJS() ?? []);

/** What runs containers, and what they run in. */
export function podsOf(manifests: readonly Manifest[]): { of: string; pod: Pod }[] {
  return manifests.flatMap(({ kind, metadata, spec }) => {
    if (kind === 'Deployment') return [{ of: metadata.name, pod: spec.template.spec as Pod }];
    if (kind === 'CronJob') return [{ of: metadata.name, pod: spec.jobTemplate.spec.template.spec as Pod }];
    return [];
  });
}

export interface Pod {
  serviceAccountName: string;
  terminationGracePeriodSeconds?: number;
  automountServiceAccountToken: boolean;
  securityContext: Record<string, unknown>;
  containers: Container[];
  volumes?: { name: string; secret: { secretName: string } }[];
}

interface Container {
  args: string[];
  env: { name: string; value?: string; valueFrom?: { secretKeyRef: { name: string; key: string } } }[];
  envFrom: { configMapRef: { name: string } }[];
  ports?: { name: string; containerPort: number }[];
  securityContext: Record<string, unknown>;
  resources: { requests: Record<string, string>; limits: Record<string, string> };
  volumeMounts?: { name: string; mountPath: string; readOnly: boolean }[];
  [probe: string]: unknown;
}
