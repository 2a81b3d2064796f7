package config

import (
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// kubernetes is what Kubernetes sets for a service, in every pod beside it.
func kubernetes(service string) []string {
	return []string{
		service + "_SERVICE_HOST=10.96.0.17",
		service + "_SERVICE_PORT=8200",
		service + "_SERVICE_PORT_HTTPS_INTERNAL=8201",
		service + "_PORT=tcp://10.96.0.17:8200",
		service + "_PORT_8200_TCP=tcp://10.96.0.17:8200",
		service + "_PORT_8200_TCP_PROTO=tcp",
		service + "_PORT_8200_TCP_PORT=8200",
		service + "_PORT_8200_TCP_ADDR=10.96.0.17",
		service + "_PORT_53_UDP=udp://10.96.0.17:53",
		service + "_PORT_9_SCTP=sctp://[fd00::17]:9",
	}
}

// A service that is called tandem-vault in Kubernetes kept the program from
// starting: "vault.port: is no key of this version".
func TestKubernetesServicesDoNotStopTheStart(t *testing.T) {
	for _, service := range []string{
		"TANDEM", "TANDEM_VAULT", "TANDEM_LEDGER", "TANDEM_LOG", "TANDEM_NOTIFY", "TANDEM_POLICY", "TANDEM_TLS",
		"TANDEM_EMBEDDED", "TANDEM_ROTATION", "TANDEM_LEDGER_STREAM", "TANDEM_VAULT_AUTH", "TANDEM_NOTIFY_SMTP",
	} {
		if _, err := Load(Sources{File: "testdata/good_embedded.yaml", Environ: kubernetes(service)}); err != nil {
			t.Errorf("%s: %v", service, err)
		}
	}
}

// Whoever set a variable looks for it by its own name.
func TestMistakeInAVariableNamesTheVariable(t *testing.T) {
	set := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	AddFlags(set)
	if err := set.Parse([]string{"--log-level=hunter2"}); err != nil {
		t.Fatal(err)
	}
	for variable, want := range map[string]string{
		"TANDEM_VAULT_ADRESS=hunter2":        "TANDEM_VAULT_ADRESS (vault.adress): is no key of this version: remove it, or correct its spelling",
		"TANDEM_VAULT_PORT=8200":             "TANDEM_VAULT_PORT (vault.port): is no key of this version: remove it, or correct its spelling",
		"TANDEM_POLICY_LEASE=8":              "TANDEM_POLICY_LEASE (policy.lease): must be a length of time, such as 30s, 8h or 1d",
		"TANDEM_POLICY_LOCK_AFTER=hunter2":   "TANDEM_POLICY_LOCK_AFTER (policy.lock_after): must be a whole number",
		"TANDEM_SESSION_TTL=1s":              "TANDEM_SESSION_TTL (session_ttl): must be 1m0s to 720h0m0s",
		"TANDEM_LISTEN=127.0.0.1":            "TANDEM_LISTEN (listen): must be HOST:PORT, such as 127.0.0.1:8700",
		"TANDEM_LEDGER_WITNESSES=hunter2":    "TANDEM_LEDGER_WITNESSES (ledger.witnesses): is a list: write it into the file, each item behind a dash",
		"TANDEM_NOTIFY_SMTP_PASSWORD=hunter": "TANDEM_NOTIFY_SMTP_PASSWORD (notify.smtp_password): is no key of this version: remove it, or correct its spelling",
		"TANDEM_NOTHING=here":                "--log-level (log.level): must be debug or info or warn or error",
	} {
		from := Sources{File: "testdata/good_embedded.yaml", Environ: []string{variable, "TANDEM_LOG_LEVEL=trace"}, Flags: set}
		if !strings.HasPrefix(want, "--") {
			from.Environ, from.Flags = []string{variable}, nil
		}
		if _, err := Load(from); err == nil || err.Error() != want {
			t.Errorf("%s:\ngot  %v\nwant %s", variable, err, want)
		}
	}
}
