{{- /* Takes (list $ front|aggregator|client). The name by which the others know it: of the first in its certificate. */}}
{{- define "listenq.tlsName" -}}
{{- $root := index . 0 -}}
{{- $given := "" -}}
{{- if eq $root.Values.tls.method "existingSecret" }}{{ $given = get $root.Values.tls.existingSecret (printf "%sName" (index . 1)) }}{{ end -}}
{{- $suffix := get (dict "front" "agents" "aggregator" "aggregator" "client" "client") (index . 1) -}}
{{- default (printf "%s-%s.%s.svc" (include "listenq.fullname" $root) $suffix $root.Release.Namespace) $given }}
{{- end }}

{{- /* Takes (list $ front|aggregator|client). Its secret; nothing for a client that existingSecret does not name. */}}
{{- define "listenq.tlsSecret" -}}
{{- $root := index . 0 -}}
{{- $who := index . 1 -}}
{{- if ne $root.Values.tls.method "existingSecret" }}
{{- printf "%s-%s-tls" (include "listenq.fullname" $root) $who }}
{{- else if eq $who "client" }}
{{- $root.Values.tls.existingSecret.client }}
{{- else }}
{{- required (printf "tls.method is existingSecret: set tls.existingSecret.%s, the name of a secret" $who) (get $root.Values.tls.existingSecret $who) }}
{{- end }}
{{- end }}

{{- /* Takes (list $ front|aggregator|client). JSON {"names": […]}. No two share a name: a front knows the aggregator by it. */}}
{{- define "listenq.tlsNames" -}}
{{- $root := index . 0 -}}
{{- $name := include "listenq.tlsName" . -}}
{{- $names := list $name (trimSuffix ".svc" $name) (printf "%s.%s" $name $root.Values.tls.clusterDomain) -}}
{{- if eq (index . 1) "aggregator" }}{{ $names = concat $names $root.Values.tls.aggregatorNames }}{{ end -}}
{{- dict "names" $names | toJson }}
{{- end }}

{{- /* The flags of listenq-aggregator for the files of a secret. */}}
{{- define "listenq.tlsFlags" -}}
- --tls-ca=/etc/listenq/tls/ca.crt
- --tls-cert=/etc/listenq/tls/tls.crt
- --tls-key=/etc/listenq/tls/tls.key
{{- end }}

{{- /* Takes (list $ front|aggregator|client). The whole folder, never subPath: new certificates come in while the pod runs. */}}
{{- define "listenq.tlsVolume" -}}
- name: tls
  secret:
    secretName: {{ include "listenq.tlsSecret" . }}
    # For the group of fsGroup.
    defaultMode: 0440
{{- end }}

{{- /* Takes a count of days. When a certificate of now ends. */}}
{{- define "listenq.tlsEnd" -}}
{{- dateInZone "2006-01-02T15:04:05Z" (now | dateModify (printf "+%dh" (mul . 24))) "UTC" }}
{{- end }}

{{- /* Takes (list SECRET DAYS). "yes" where the secret is there and ends later than in so many days. */}}
{{- define "listenq.tlsLasts" -}}
{{- $secret := index . 0 -}}
{{- if and $secret (dig "tls.crt" "" (default dict $secret.data)) (dig "tls.key" "" (default dict $secret.data)) }}
{{- $end := dig "annotations" "listenq/not-after" "" $secret.metadata }}
{{- if $end }}
{{- $left := sub (toDate "2006-01-02T15:04:05Z" $end | unixEpoch | int64) (now | unixEpoch | int64) }}
{{- if gt (int64 $left) (int64 (mul (index . 1) 86400)) }}yes{{ end }}
{{- end }}
{{- end }}
{{- end }}

{{- /* The authority's secret, where it is to be kept; else nothing. */}}
{{- define "listenq.tlsKeptCa" -}}
{{- $secret := lookup "v1" "Secret" .Release.Namespace (printf "%s-ca" (include "listenq.fullname" .)) -}}
{{- if include "listenq.tlsLasts" (list $secret .Values.tls.helm.certDays) }}{{ toJson $secret }}{{ end }}
{{- end }}

{{- /* Takes (list $ WHO CA-IN-BASE64). The secret, where it is to be kept: of this authority, with these names, not near its end. */}}
{{- define "listenq.tlsKept" -}}
{{- $root := index . 0 -}}
{{- $secret := lookup "v1" "Secret" $root.Release.Namespace (include "listenq.tlsSecret" .) -}}
{{- if include "listenq.tlsLasts" (list $secret (div $root.Values.tls.helm.certDays 3)) }}
{{- $names := (include "listenq.tlsNames" . | fromJson).names | join "," }}
{{- if and (eq (index $secret.data "ca.crt") (index . 2)) (eq (index $secret.metadata.annotations "listenq/names") $names) }}
{{- toJson $secret }}
{{- end }}
{{- end }}
{{- end }}
