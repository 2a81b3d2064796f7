package manual_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/manual"
	"github.com/tandem-custody/tandem/custody/rotation/ssh"
	"github.com/tandem-custody/tandem/custody/rotation/ssh/sshtest"
	"github.com/tandem-custody/tandem/custody/rotation/targettest"
)

func describe(address string, settings ...string) custody.Target {
	t := custody.Target{Kind: manual.Kind, Address: address, Account: "root", Settings: map[string]string{}}
	for i := 0; i < len(settings); i += 2 {
		t.Settings[settings[i]] = settings[i+1]
	}
	return t
}

func want(t *testing.T, what string, got, wanted error) {
	t.Helper()
	if !errors.Is(got, wanted) {
		t.Errorf("%s: %v, not %v", what, got, wanted)
	}
}

// wantUnknown wants an error that is none of those that say something for certain.
func wantUnknown(t *testing.T, what string, got error) {
	t.Helper()
	certain := []error{rotation.ErrRefused, rotation.ErrValue, rotation.ErrDeclined, rotation.ErrHostKey, rotation.ErrUnreachable}
	if got == nil || slices.ContainsFunc(certain, func(e error) bool { return errors.Is(got, e) }) {
		t.Errorf("%s: %v", what, got)
	}
}

func TestByHand(t *testing.T) {
	for _, described := range []custody.Target{
		describe("rack 4, unit 12, serial 7XK31"),
		describe("rack 4, unit 12, serial 7XK31", "probe", "none"),
		describe("idrac.example:443", "probe", "https"),
	} {
		target, err := manual.Opener(nil)(described, custody.Secret{})
		if err != nil {
			t.Fatal(err)
		}
		probed := described.Settings["probe"] == "https"
		if wanted := (rotation.Description{ByHand: true, Unprobed: !probed}); target.Describe() != wanted {
			t.Errorf("%v: %+v", described.Settings, target.Describe())
		}
		if !probed {
			wantUnknown(t, "verify", target.Verify(t.Context(), custody.SecretString("x")))
		}
		wantUnknown(t, "change", target.Change(t.Context(), custody.Secret{}, custody.SecretString("x")))
		wantUnknown(t, "reconcile", target.Reconcile(t.Context(), custody.SecretString("x")))
	}
}

func TestOpen(t *testing.T) {
	fingerprint := strings.Repeat("AB:", 31) + "ab"
	for name, good := range map[string]custody.Target{
		"system's roots": describe("idrac.example:443", "probe", "https"),
		"a path":         describe("idrac.example:443", "probe", "https", "path", "/redfish/v1/Systems?$top=1"),
		"its limits":     describe("idrac.example:443", "probe", "https", "most", "20", "specials", "-_"),
		"no probe":       describe("rack 4, unit 12", "most", "20"),
		"a fingerprint":  describe("[::1]:443", "probe", "https", "sha256", fingerprint),
		"without colons": describe("[::1]:443", "probe", "https", "sha256", strings.ReplaceAll(fingerprint, ":", "")),
	} {
		if _, err := manual.Opener(nil)(good, custody.Secret{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}

	targettest.Refuses(t, manual.Opener(nil), describe("idrac.example:443", "probe", "https"), custody.Secret{}, map[string]map[string]targettest.Change{
		"target.kind": {
			"another kind": func(t *custody.Target) { t.Kind = "ssh" },
		},
		"target.settings.probe": {
			"a probe not known": func(t *custody.Target) { t.Settings["probe"] = "telnet" },
		},
		"target.settings": {
			"settings for no probe": func(t *custody.Target) { t.Settings = map[string]string{"path": "/"} },
			"a setting not known":   func(t *custody.Target) { t.Settings["host_key"] = "x" },
		},
		"target.address": {
			"no port": func(t *custody.Target) { t.Address = "idrac.example" },
			"a place": func(t *custody.Target) { t.Address = "rack 4, unit 12" },
		},
		"target.settings.most": {
			"no length":        func(t *custody.Target) { t.Settings["most"] = "long" },
			"below the clause": func(t *custody.Target) { t.Settings["most"] = "7" },
		},
		"target.settings.specials": {
			"a letter": func(t *custody.Target) { t.Settings["specials"] = "-a" },
		},
		"target.settings.tls": {
			"in clear": func(t *custody.Target) { t.Address = "127.0.0.1:80"; t.Settings["tls"] = "off" },
		},
		"target.settings.sha256": {
			"a short fingerprint": func(t *custody.Target) { t.Settings["sha256"] = "ab:cd" },
			"no fingerprint":      func(t *custody.Target) { t.Settings["sha256"] = "" },
		},
		"target.settings.ca": {
			"not a certificate": func(t *custody.Target) { t.Settings["ca"] = "x" },
		},
		"target.settings.path": {
			"a relative path": func(t *custody.Target) { t.Settings["path"] = "redfish" },
			"another host":    func(t *custody.Target) { t.Settings["path"] = "//evil.example/" },
			"a whole URL":     func(t *custody.Target) { t.Settings["path"] = "http://evil.example/" },
		},
		"target.account": {
			"a colon in account": func(t *custody.Target) { t.Account = "a:b" },
			"no account":         func(t *custody.Target) { t.Account = "" },
		},
	})
}

// The probe of another kind, on a real server.
func TestProbeOverSSH(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	account, password := server.AddAccount(t)
	described := describe(server.Addr, "probe", "ssh", "host_key", server.HostKey)
	described.Account = account
	open := manual.Opener(rotation.Probes([]rotation.Connector{ssh.Connector}))
	target, err := open(described, custody.Secret{})
	if err != nil {
		t.Fatal(err)
	}
	if target.Describe() != (rotation.Description{ByHand: true}) {
		t.Errorf("describe: %+v", target.Describe())
	}
	next := sshtest.NewPassword()
	want(t, "before it is set", target.Verify(t.Context(), next), rotation.ErrRefused)
	server.SetPassword(t, account, next) // by hand
	want(t, "the new password", target.Verify(t.Context(), next), nil)
	want(t, "the old password", target.Verify(t.Context(), password), rotation.ErrRefused)

	described.Settings["admin"] = "root"
	if _, err := open(described, server.AdminKey); err == nil {
		t.Error("a probe took an administrator")
	}
}
