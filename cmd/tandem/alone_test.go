package main

import (
	"os"
	"strings"
	"testing"
)

// TestTwoMachinesWithAnEmbeddedStoreEach: the second one, which has a copy of the first
// one's secrets, does not start while the first one is there.
func TestTwoMachinesWithAnEmbeddedStoreEach(t *testing.T) {
	t.Parallel()
	server := newDatabaseServer(t)
	first := newHouse(t)
	first.database = server.create("house")
	first.configure()
	first.initialise("ada")
	first.start()
	first.mustServe()

	second := newHouse(t)
	second.database = first.database
	second.configure()
	for _, name := range []string{"secrets", "key"} {
		content, err := os.ReadFile(first.file(name))
		must(t, err)
		must(t, os.WriteFile(second.file(name), content, 0o600))
	}
	second.start()
	second.waitFor("the second one to end", second.hasEnded)
	if said := second.log(); !strings.Contains(said, "embedded is for one machine") {
		t.Errorf("it said %s", said)
	}
	first.wantReady()
	first.stop() // which leaves
	second.start()
	second.mustServe()
	second.stop()
}
