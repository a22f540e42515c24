{{- define "evenkeel.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- /* At most 52 characters, so that the suffixes of the objects fit into a label. */ -}}
{{- define "evenkeel.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains (include "evenkeel.name" .) .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "evenkeel.name" .) | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- /* Never changes between releases: a Deployment's selector cannot. */ -}}
{{- define "evenkeel.selectorLabels" -}}
app.kubernetes.io/name: {{ include "evenkeel.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end -}}

{{- define "evenkeel.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "evenkeel.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: evenkeel
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "evenkeel.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "evenkeel.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "evenkeel.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "evenkeel.windowSeconds" -}}
{{- $least := mul 4 .Values.signals.scrapeIntervalSeconds -}}
{{- $window := int64 .Values.signals.windowSeconds | default $least -}}
{{- if lt $window $least -}}
{{- fail (printf "signals.windowSeconds is %d: a rate needs a window of at least four scrape intervals; use %d or more, or 0" $window $least) -}}
{{- end -}}
{{- $window -}}
{{- end -}}

{{- /* A preset's text with its placeholders filled in: (list . text). */ -}}
{{- define "evenkeel.promql" -}}
{{- $root := index . 0 -}}
{{- index . 1
    | replace "$window" (printf "%ss" (include "evenkeel.windowSeconds" $root))
    | replace "$interval" (printf "%vs" $root.Values.signals.scrapeIntervalSeconds) -}}
{{- end -}}

{{- /* What the operator needs in every namespace that it looks after; the audit log of the end-to-end test is held
       against this list: nothing is missing and nothing goes unused. */ -}}
{{- define "evenkeel.rules" -}}
- apiGroups: [evenkeel.dev]
  resources: [loadbalancedservices]
  verbs: [list, watch]
- apiGroups: [evenkeel.dev]
  resources: [loadbalancedservices/status]
  verbs: [patch]
- apiGroups: [apps]
  resources: [deployments]
  verbs: [list, watch]
- apiGroups: [apps]
  resources: [deployments/scale]
  verbs: [patch]
- apiGroups: [""]
  resources: [services]
  verbs: [list, watch]
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [list, watch]
- apiGroups: [gateway.networking.k8s.io]
  resources: [httproutes]
  verbs: [list, watch, patch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end -}}
