{{- define "ashlar.labels" -}}
app.kubernetes.io/name: ashlar
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "ashlar.image" -}}
image: {{ .Values.image.name }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- end }}

{{- define "ashlar.pullSecrets" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- end }}

{{- /* Of containers that need nothing of the machine. */}}
{{- define "ashlar.unprivileged" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{- /* A sidecar of the controllers: its values, then its own arguments. */}}
{{- define "ashlar.sidecar" -}}
- name: {{ .name }}
  image: {{ .values.image }}
  imagePullPolicy: {{ .root.Values.sidecars.pullPolicy }}
  args:
    - --csi-address=/csi/csi.sock
    - --leader-election
    {{- /* A sidecar that ends does not give its lease up, and a new one waits for that: by default 15 s. */}}
    - --leader-election-lease-duration=8s
    - --leader-election-renew-deadline=5s
    - --leader-election-retry-period=1s
    - --timeout={{ .root.Values.sidecars.timeout }}
    {{- range .args }}
    - {{ . }}
    {{- end }}
  env:
    - name: NAMESPACE
      valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
    - name: POD_NAME
      valueFrom: {fieldRef: {fieldPath: metadata.name}}
  {{- include "ashlar.unprivileged" . | nindent 2 }}
  resources: {{- toYaml .root.Values.sidecars.resources | nindent 4 }}
  volumeMounts:
    - {name: csi, mountPath: /csi}
{{- end }}
