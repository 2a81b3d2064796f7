package helm

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
)

const root = "../../"

// enough is all that somebody has to say.
func enough() map[string]any {
	return map[string]any{
		"image":      map[string]any{"repository": "registry.example.org/tandem", "digest": "sha256:" + strings.Repeat("a", 64)},
		"secretName": "tandem-secrets",
		"config": map[string]any{
			"public_url": "https://tandem.example.org",
			"database":   "postgres://tandem@db.example.org/tandem?sslmode=verify-full&sslrootcert=/etc/tandem/ca/ca.pem",
			"vault":      map[string]any{"address": "https://vault.example.org:8200", "ca": "/etc/tandem/ca/ca.pem"},
			"ledger":     map[string]any{"origin": "tandem.example.org/ledger"},
		},
	}
}

func render(t *testing.T, values map[string]any) (map[string]string, error) {
	t.Helper()
	chart, err := loader.Load(root + "deploy/helm/tandem")
	if err != nil {
		t.Fatal(err)
	}
	all, err := chartutil.ToRenderValues(chart, values, chartutil.ReleaseOptions{Name: "custody", Namespace: "tandem", IsInstall: true}, chartutil.DefaultCapabilities)
	if err != nil {
		t.Fatal(err)
	}
	return engine.Engine{Strict: true}.Render(chart, all)
}

// documents are the manifests in a rendering, by kind and name.
func documents(t *testing.T, files map[string]string) map[string]map[string]any {
	t.Helper()
	found := map[string]map[string]any{}
	for name, text := range files {
		for _, part := range strings.Split(text, "\n---\n") {
			var one map[string]any
			if err := yaml.Unmarshal([]byte(part), &one); err != nil {
				t.Fatalf("%s: %v\n%s", name, err, part)
			}
			if one == nil {
				continue
			}
			kind, _ := one["kind"].(string)
			meta, _ := one["metadata"].(map[string]any)
			called, _ := meta["name"].(string)
			if kind == "" || called == "" || one["apiVersion"] == nil {
				t.Errorf("%s has a manifest without kind, name or version:\n%s", name, part)
			}
			found[kind+" "+called] = one
		}
	}
	return found
}

// TestTheChartAsksForWhatItNeeds: for each thing that nobody can guess.
func TestTheChartAsksForWhatItNeeds(t *testing.T) {
	for what, take := range map[string]func(v map[string]any){
		"image.digest":         func(v map[string]any) { v["image"].(map[string]any)["digest"] = "" },
		"image.repository":     func(v map[string]any) { v["image"].(map[string]any)["repository"] = "" },
		"secretName":           func(v map[string]any) { v["secretName"] = "" },
		"config.public_url":    func(v map[string]any) { v["config"].(map[string]any)["public_url"] = "" },
		"config.database":      func(v map[string]any) { v["config"].(map[string]any)["database"] = "" },
		"config.vault.address": func(v map[string]any) { v["config"].(map[string]any)["vault"] = map[string]any{"address": ""} },
		"config.ledger.origin": func(v map[string]any) { v["config"].(map[string]any)["ledger"] = map[string]any{"origin": ""} },
	} {
		values := enough()
		take(values)
		if _, err := render(t, values); err == nil || !strings.Contains(err.Error(), what+" is needed") {
			t.Errorf("without %s: %v", what, err)
		}
	}
}

// TestTheChartLeadsToAConfigurationThatTandemTakes: the one in the ConfigMap, by Tandem's own
// config check, which finds nothing but files that are not on this machine.
func TestTheChartLeadsToAConfigurationThatTandemTakes(t *testing.T) {
	files, err := render(t, enough())
	if err != nil {
		t.Fatal(err)
	}
	all := documents(t, files)
	data, _ := all["ConfigMap custody-config"]["data"].(map[string]any)
	text, _ := data["tandem.yaml"].(string)
	path := filepath.Join(t.TempDir(), "tandem.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	check := exec.CommandContext(t.Context(), "go", "run", "./cmd/tandem", "config", "check", "--config", path)
	check.Dir = root
	said, _ := check.CombinedOutput()
	missing := 0
	for line := range strings.Lines(string(said)) {
		line = strings.TrimSpace(line)
		if strings.HasSuffix(line, "there is no such file") {
			missing++
		} else if line != "" && !strings.HasPrefix(line, "exit status") {
			t.Errorf("Tandem says: %s\n%s", line, text)
		}
	}
	if missing < 5 {
		t.Errorf("it looked for %d files:\n%s\n%s", missing, said, text)
	}
}

// TestWhatTheChartRunsIsConfined: no root, no rights, nothing to write to, and an image that is
// always the same; started again only when it gives no answer.
func TestWhatTheChartRunsIsConfined(t *testing.T) {
	values := enough()
	values["replicas"], values["caConfigMap"], values["metrics"] = 3, "authorities", map[string]any{"serviceMonitor": true}
	files, err := render(t, values)
	if err != nil {
		t.Fatal(err)
	}
	all := documents(t, files)
	for _, name := range []string{"Deployment custody", "Service custody", "Service custody-metrics", "PodDisruptionBudget custody", "ServiceMonitor custody"} {
		if all[name] == nil {
			t.Errorf("there is no %s: %v", name, slices.Sorted(maps.Keys(all)))
		}
	}
	text := files["tandem/templates/deployment.yaml"]
	for _, must := range []string{
		"image: \"registry.example.org/tandem@sha256:", "runAsNonRoot: true", "readOnlyRootFilesystem: true", "allowPrivilegeEscalation: false", "drop: [ALL]",
		"automountServiceAccountToken: false", "livenessProbe: {httpGet: {path: /healthz,", "readinessProbe: {httpGet: {path: /readyz,", "secretName: tandem-secrets", "mountPath: /etc/tandem/ca",
	} {
		if !strings.Contains(text, must) {
			t.Errorf("the deployment has no %s", must)
		}
	}
	for _, one := range all {
		if one["kind"] == "Secret" {
			t.Error("the chart makes a Secret: what is in it would be in the release's history")
		}
	}
	one, err := render(t, enough())
	if err != nil || documents(t, one)["PodDisruptionBudget custody"] != nil {
		t.Errorf("of one replica none could ever be moved (%v)", err)
	}
}
