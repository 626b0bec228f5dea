{{- define "listenq.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- /* At most 40 characters: a suffix follows, and a Service's name has 63. */}}
{{- define "listenq.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains (include "listenq.name" .) .Release.Name }}
{{- .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "listenq.name" .) | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- /* Takes (list $ COMPONENT). These never change in the life of a release: Kubernetes forbids it. */}}
{{- define "listenq.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ include "listenq.name" $root }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- /* Takes (list $ COMPONENT). */}}
{{- define "listenq.labels" -}}
{{- $root := index . 0 -}}
{{ include "listenq.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: listenq
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* Takes (list $ COMPONENT MORE-LABELS). No version: a chart that changes nothing in the pods restarts none. */}}
{{- define "listenq.podLabels" -}}
{{- $root := index . 0 -}}
{{ include "listenq.selector" . }}
{{- if $root.Values.mesh.disableInjection }}
sidecar.istio.io/inject: "false"
istio.io/dataplane-mode: none
kuma.io/sidecar-injection: disabled
{{- end }}
{{- with index . 2 }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* Takes (list $ MORE-ANNOTATIONS). */}}
{{- define "listenq.podAnnotations" -}}
{{- $root := index . 0 -}}
{{- if $root.Values.mesh.disableInjection }}
linkerd.io/inject: disabled
consul.hashicorp.com/connect-inject: "false"
{{- end }}
{{- with index . 1 }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* Takes (list $ agent|aggregator|cli). */}}
{{- define "listenq.image" -}}
{{- $root := index . 0 -}}
{{- $image := index $root.Values.image (index . 1) -}}
{{- with $root.Values.image.registry }}{{ trimSuffix "/" . }}/{{ end }}{{ $image.repository }}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ default $root.Chart.AppVersion $root.Values.image.tag }}{{ end }}
{{- end }}

{{- /* Takes (list $ agent|aggregator). */}}
{{- define "listenq.serviceAccount" -}}
{{- $root := index . 0 -}}
{{- $account := (index $root.Values (index . 1)).serviceAccount -}}
{{- if $account.create }}
{{- default (printf "%s-%s" (include "listenq.fullname" $root) (index . 1)) $account.name }}
{{- else }}
{{- default "default" $account.name }}
{{- end }}
{{- end }}

{{- /* Restricted (Pod Security Standards) with what pods share. */}}
{{- define "listenq.restricted" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- /* The folder of the runtime's socket; nothing for runtime.preset none. */}}
{{- define "listenq.runtimeFolder" -}}
{{- $folders := dict "containerd" "/run/containerd" "crio" "/run/crio" "k3s" "/run/k3s/containerd" "rke2" "/run/k3s/containerd"
    "k0s" "/run/k0s" "microk8s" "/var/snap/microk8s/common/run" "none" "" -}}
{{- if eq .Values.runtime.preset "custom" }}
{{- required "runtime.preset is custom: set runtime.folder, the folder on the node with the runtime's socket" .Values.runtime.folder }}
{{- else }}
{{- get $folders .Values.runtime.preset }}
{{- end }}
{{- end }}

{{- /* For --cri-endpoint. */}}
{{- define "listenq.runtimeEndpoint" -}}
{{- $folder := include "listenq.runtimeFolder" . -}}
{{- $sockets := dict "crio" "crio.sock" -}}
{{- if not $folder }}off
{{- else if eq .Values.runtime.preset "custom" }}
{{- printf "unix:///host%s/%s" $folder (required "runtime.preset is custom: set runtime.socket, the socket's file name" .Values.runtime.socket) }}
{{- else }}
{{- printf "unix:///host%s/%s" $folder (default "containerd.sock" (get $sockets .Values.runtime.preset)) }}
{{- end }}
{{- end }}

{{- /* Whom the aggregator asks. */}}
{{- define "listenq.peers" -}}
{{- if eq .Values.aggregator.discovery "dns" -}}
dns:///{{ include "listenq.fullname" . }}-agents.{{ .Release.Namespace }}.svc.{{ .Values.tls.clusterDomain }}:7443
{{- else -}}
k8s://{{ .Release.Namespace }}/app.kubernetes.io/name={{ include "listenq.name" . }},app.kubernetes.io/instance={{ .Release.Name }},app.kubernetes.io/component=agent:7443
{{- end }}
{{- end }}

{{- /* Takes (list $ NAME-OF-VALUE GROUP/VERSION). A renderer that sees no cluster knows no kinds: it can't say what is missing. */}}
{{- define "listenq.needApi" -}}
{{- $apis := (index . 0).Capabilities.APIVersions -}}
{{- if and ($apis.Has "v1/Pod") (not ($apis.Has (index . 2))) }}
{{- fail (printf "%s needs %s, which this cluster does not have: install what brings it, or set another value" (index . 1) (index . 2)) }}
{{- end }}
{{- end }}

{{- /* Unconfined, RuntimeDefault or Localhost/NAME as the field of Kubernetes 1.30 has it. */}}
{{- define "listenq.appArmorField" -}}
{{- if hasPrefix "Localhost/" . -}}
type: Localhost
localhostProfile: {{ trimPrefix "Localhost/" . }}
{{- else -}}
type: {{ . }}
{{- end }}
{{- end }}

{{- /* The same as the annotation of before. */}}
{{- define "listenq.appArmorAnnotation" -}}
{{- if hasPrefix "Localhost/" . }}localhost/{{ trimPrefix "Localhost/" . }}
{{- else }}{{ get (dict "Unconfined" "unconfined" "RuntimeDefault" "runtime/default") . }}
{{- end }}
{{- end }}

{{- /* What is mounted below the folder too: containers' root folders, the hierarchies of cgroup v1. */}}
{{- define "listenq.recursiveReadOnly" -}}
{{- if semverCompare ">=1.31.0-0" .Capabilities.KubeVersion.Version }}recursiveReadOnly: IfPossible{{ end }}
{{- end }}
