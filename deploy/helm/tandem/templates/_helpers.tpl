{{- define "tandem.labels" -}}
app.kubernetes.io/name: tandem
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
{{- define "tandem.config" -}}
{{- $fixed := dict "listen" (printf "0.0.0.0:%v" .Values.service.port) "metrics_listen" (printf "0.0.0.0:%v" .Values.metrics.port) "database_password_file" "/run/secrets/tandem/database-password" -}}
{{- $auth := dict "auth" (dict "method" "approle" "role_id_file" "/run/secrets/tandem/role-id" "secret_id_file" "/run/secrets/tandem/secret-id") -}}
{{- if .Values.wrapKey }}{{ $_ := set $auth "wrap_key_file" "/run/secrets/tandem/wrap-key" }}{{ end -}}
{{- toYaml (mergeOverwrite (deepCopy .Values.config) $fixed (dict "vault" $auth)) -}}
{{- end }}
