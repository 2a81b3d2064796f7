package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/tandem-custody/tandem/config"
)

// TestWhatComposeStartsIsAConfiguration: the example's file with the variables that compose
// gives it, without a password in either.
func TestWhatComposeStartsIsAConfiguration(t *testing.T) {
	var compose struct {
		Services map[string]struct {
			Command     any               `yaml:"command"`
			Environment map[string]string `yaml:"environment"`
			Volumes     []string          `yaml:"volumes"`
			NetworkMode string            `yaml:"network_mode"`
			Secrets     []string          `yaml:"secrets"`
		} `yaml:"services"`
		Volumes map[string]any `yaml:"volumes"`
		Configs map[string]struct {
			Content string `yaml:"content"`
		} `yaml:"configs"`
	}
	text, err := os.ReadFile("../../deploy/compose.yaml")
	must(t, err)
	must(t, yaml.Unmarshal(text, &compose))
	var environ []string
	for name, value := range compose.Services["tandem"].Environment {
		environ = append(environ, name+"="+value)
	}
	cfg, err := config.Load(config.Sources{File: "../../deploy/tandem.yaml", Environ: environ})
	must(t, err)
	if !cfg.OnServer() || cfg.Secrets != config.Vault || cfg.MetricsListen == "" {
		t.Errorf("it is not what the example says that it is: %+v", cfg)
	}
	for name, service := range compose.Services {
		for variable, value := range service.Environment {
			if strings.Contains(variable, "PASSWORD") && !strings.HasPrefix(value, "/run/secrets/") {
				t.Errorf("%s has a password in %s", name, variable)
			}
		}
		for _, volume := range service.Volumes {
			if named, _, _ := strings.Cut(volume, ":"); !strings.HasPrefix(named, ".") {
				if _, there := compose.Volumes[named]; !there {
					t.Errorf("%s has the volume %s, which nobody makes", name, named)
				}
			}
		}
	}
	if vault := compose.Configs["vault"].Content; !strings.Contains(vault, `storage "raft"`) || strings.Contains(string(text), "-dev") {
		t.Errorf("Vault forgets what it has: %s", vault)
	}
	// The database is reached by its socket alone, which both have.
	socket := "socket:/var/run/postgresql"
	if database := compose.Services["postgres"]; database.NetworkMode != "none" || !slices.Contains(database.Volumes, socket) || !slices.Contains(compose.Services["tandem"].Volumes, socket) {
		t.Errorf("the database is open to others, or to nobody: %+v", database)
	}
}

// TestTheImageAsksForItsHealth: by a verb that there is, with a configuration that it finds.
func TestTheImageAsksForItsHealth(t *testing.T) {
	text, err := os.ReadFile("../../Dockerfile")
	must(t, err)
	check := regexp.MustCompile(`HEALTHCHECK .* CMD \["/usr/local/bin/tandem", "([a-z-]+)"\]`).FindSubmatch(text)
	if check == nil || !strings.Contains(string(text), "ENV "+configVariable+"=/etc/tandem/tandem.yaml") {
		t.Fatal("the image does not ask for its health, or not with its configuration")
	}
	root, _ := command(console{in: os.Stdin, out: os.Stdout, err: os.Stderr})
	if verb, _, err := root.Find([]string{string(check[1])}); err != nil || verb.Name() != string(check[1]) {
		t.Errorf("there is no verb %s: %v", check[1], err)
	}
}

var typed = regexp.MustCompile("`tandem ([a-z][^`]*)`")

// TestTheRunbookNamesVerbsThatThereAre: nobody looks for one at night.
func TestTheRunbookNamesVerbsThatThereAre(t *testing.T) {
	root, _ := command(console{in: os.Stdin, out: os.Stdout, err: os.Stderr})
	for _, page := range []string{"runbook.md", "install.md", "scale.md"} {
		text, err := os.ReadFile("../../docs/" + page)
		must(t, err)
		for _, found := range typed.FindAllStringSubmatch(string(text), -1) {
			words := []string{}
			for _, word := range strings.Fields(found[1]) {
				if !regexp.MustCompile(`^[a-z][a-z-]*$`).MatchString(word) {
					break
				}
				words = append(words, strings.Split(word, "|")[0])
			}
			verb, rest, err := root.Find(words)
			if err != nil || verb == root || verb.HasSubCommands() && len(rest) > 0 {
				t.Errorf("docs/%s: there is no `tandem %s`", page, found[1])
			}
		}
	}
}
