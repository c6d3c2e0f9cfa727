{{- define "op.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "op.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "op.name" . -}}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "op.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "op.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "op.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ default $.Chart.AppVersion .tag }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "op.selector" -}}
app.kubernetes.io/name: {{ include "op.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "op.labels" -}}
{{ include "op.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- /* What all pods are told: ConfigMap and Secrets, and nothing twice. */ -}}
{{- define "op.env" -}}
envFrom:
  - configMapRef:
      name: {{ include "op.fullname" . }}
{{- with .Values.secrets }}
env:
  {{- range $name, $from := . }}
  - name: {{ $name }}
    valueFrom:
      secretKeyRef:
        name: {{ $from.secret }}
        key: {{ $from.key }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "op.podSecurity" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 1000
  runAsGroup: 1000
  seccompProfile:
    type: RuntimeDefault
{{- end -}}

{{- define "op.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end -}}

{{- define "op.mounts" -}}
{{- with .Values.secretFiles }}
volumeMounts:
  {{- range $secret, $path := . }}
  - name: {{ $secret }}
    mountPath: {{ $path }}
    readOnly: true
  {{- end }}
{{- end }}
{{- end -}}

{{- define "op.volumes" -}}
{{- with .Values.secretFiles }}
volumes:
  {{- range $secret, $path := . }}
  - name: {{ $secret }}
    secret:
      secretName: {{ $secret }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "op.placing" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end -}}

{{- /* Of the inbox: its URL knows better than a variable. */ -}}
{{- define "op.region" -}}
{{- $url := default "" .Values.config.SQS_QUEUE_URL -}}
{{- $host := regexFind "^https://sqs[.][a-z0-9-]+[.]amazonaws[.]com" $url -}}
{{- if $host -}}{{ index (splitList "." $host) 1 }}{{- else -}}{{ default "" .Values.config.AWS_REGION }}{{- end -}}
{{- end -}}

{{- /* What no schema can say in words: refusals with what to set. */ -}}
{{- define "op.check" -}}
{{- $set := merge (dict) .Values.config .Values.secrets -}}
{{- $redis := false -}}
{{- range list "REDIS_URL" "REDIS_HOST" "REDIS_CLUSTER_NODES" "REDIS_SENTINELS" -}}
{{- if hasKey $set . }}{{ $redis = true }}{{ end -}}
{{- end -}}
{{- if not $redis -}}
{{- fail "Which Redis? Set secrets.REDIS_URL, or config.REDIS_HOST, config.REDIS_CLUSTER_NODES or config.REDIS_SENTINELS." -}}
{{- end -}}
{{- if not (hasKey $set "STATS_API") -}}
{{- fail "Who may read the stats? Set config.STATS_API to keys (order-pipeline keys create makes them) or open." -}}
{{- end -}}
{{- if not (and (hasKey $set "ADMIN_USER") (hasKey .Values.secrets "ADMIN_PASSWORD")) -}}
{{- fail "Who may operate? Set config.ADMIN_USER or secrets.ADMIN_USER, and secrets.ADMIN_PASSWORD." -}}
{{- end -}}
{{- if .Values.roles.bridge.enabled -}}
{{- $all := merge (dict) .Values.roles.bridge.config $set -}}
{{- if not (or (hasKey $all "SQS_QUEUE_URL") (hasKey $all "QUEUE_NAME")) -}}
{{- fail "Which inbox? Set config.SQS_QUEUE_URL, or config.QUEUE_NAME with config.SQS: aws." -}}
{{- end -}}
{{- end -}}
{{- range $name, $_ := .Values.config -}}
{{- if hasKey $.Values.secrets $name -}}
{{- fail (printf "%s is in config and in secrets: set it once." $name) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.roles.api.enabled) -}}
{{- fail "ingress.enabled needs roles.api.enabled: nobody else answers." -}}
{{- end -}}
{{- if eq .Values.autoscaling.worker.by "keda" -}}
{{- if not .Values.roles.api.enabled -}}
{{- fail "autoscaling.worker.by: keda asks the API for GET /queue: set roles.api.enabled." -}}
{{- end -}}
{{- end -}}
{{- if eq .Values.autoscaling.bridge.by "keda" -}}
{{- if not (hasKey .Values.config "SQS_QUEUE_URL") -}}
{{- fail "autoscaling.bridge.by: keda needs config.SQS_QUEUE_URL: KEDA asks the inbox itself." -}}
{{- end -}}
{{- if not (include "op.region" .) -}}
{{- fail "autoscaling.bridge.by: keda needs config.AWS_REGION: config.SQS_QUEUE_URL does not say the region." -}}
{{- end -}}
{{- end -}}
{{- end -}}
