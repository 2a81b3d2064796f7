package desk_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// overheard gives the alarms that an office's desks give from now on.
func overheard() (edit func(*desk.Config), alarms func() int) {
	var heard ear
	return func(c *desk.Config) { c.Log = slog.New(slog.NewTextHandler(&heard, nil)) },
		func() int { return int(heard.alarms.Load()) }
}

// ear counts the alarms in a log.
type ear struct{ alarms atomic.Int64 }

func (e *ear) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte("alarm=true")) {
		e.alarms.Add(1)
	}
	return len(line), nil
}

// TestALanguageThatSomebodyWroteIntoTheDatabaseIsNotSpoken: people are spoken to as
// if they had chosen nothing, whoever's choice was put in the place of theirs, and
// the log says so once.
func TestALanguageThatSomebodyWroteIntoTheDatabaseIsNotSpoken(t *testing.T) {
	for name, write := range map[string]string{
		"another language":       "UPDATE preferences SET language = 'en' WHERE username = 'tech-a'",
		"another zone":           "UPDATE preferences SET zone = 'Pacific/Apia' WHERE username = 'tech-a'",
		"no mark":                "UPDATE preferences SET mark = '' WHERE username = 'tech-a'",
		"another person's":       "REPLACE INTO preferences SELECT 'tech-a', language, zone, mark FROM preferences WHERE username = 'tech-b'",
		"what is no language":    "UPDATE preferences SET language = '\"><script>', zone = '../../etc/passwd' WHERE username = 'tech-a'",
		"the mark of a device":   "UPDATE preferences SET mark = (SELECT mark FROM devices WHERE person = 'tech-a') WHERE username = 'tech-a'",
		"parts moved from place": "UPDATE preferences SET language = zone, zone = language WHERE username = 'tech-a'",
	} {
		listen, alarms := overheard()
		o := newOffice(t, listen)
		if _, err := o.signInFrom("tech-a", desk.Place{Network: "192.0.2.1"}); err != nil {
			t.Fatal(err)
		}
		chosen := desk.Preference{Language: "zh", Zone: "Asia/Shanghai"}
		for _, person := range []string{"tech-a", "tech-b"} {
			if err := o.Desk.SetPreference(t.Context(), person, chosen); err != nil {
				t.Fatal(err)
			}
			chosen.Zone = "Asia/Urumqi"
		}
		before := alarms()
		o.administrator(func(db *sql.DB) { o.sql(db, write) })
		for _, when := range []string{"running", "restarted"} {
			for range 3 {
				if got, err := o.Desk.Preference(t.Context(), "tech-a"); got != (desk.Preference{}) || err != nil {
					t.Errorf("%s, %s: spoken to as %+v, %v", name, when, got, err)
				}
			}
			if n := alarms() - before; n != 1 {
				t.Errorf("%s, %s: %d alarms", name, when, n)
			}
			if got, err := o.Desk.Preference(t.Context(), "tech-b"); got != chosen && got.Zone != "Asia/Urumqi" || err != nil {
				t.Errorf("%s, %s: the other is spoken to as %+v, %v", name, when, got, err)
			}
			o.restart()
			before = alarms()
		}
		again := desk.Preference{Language: "en"}
		if err := o.Desk.SetPreference(t.Context(), "tech-a", again); err != nil {
			t.Fatal(err)
		}
		if got, err := o.Desk.Preference(t.Context(), "tech-a"); got != again || err != nil {
			t.Errorf("%s, chosen anew: %+v, %v", name, got, err)
		}
	}
}

// reader is a secret store that tells what is read.
type reader struct {
	desk.Secrets
	read func(path string)
}

func (r reader) Read(ctx context.Context, path string) (desk.Versioned, error) {
	r.read(path)
	return r.Secrets.Read(ctx, path)
}

// TestAMarkThatNamesAPathLeadsToNoSecret: a mark says by which key it was made, and that
// is part of a path. Who writes into the database does not say what is read elsewhere.
func TestAMarkThatNamesAPathLeadsToNoSecret(t *testing.T) {
	o := newOffice(t)
	if err := o.Desk.SetPreference(t.Context(), "tech-a", desk.Preference{Language: "zh"}); err != nil {
		t.Fatal(err)
	}
	defer o.Secrets.Replace(func(inner desk.Secrets) desk.Secrets {
		return reader{inner, func(path string) { t.Errorf("%s was read", path) }}
	})()
	for _, id := range []string{"credentials/db01", "", "0000000", "000000000", "0000000G", "0000000A"} {
		o.administrator(func(db *sql.DB) { o.sql(db, "UPDATE preferences SET mark = ? || '.00' WHERE username = 'tech-a'", id) })
		if got, err := o.Desk.Preference(t.Context(), "tech-a"); got != (desk.Preference{}) || err != nil {
			t.Errorf("%q: spoken to as %+v, %v", id, got, err)
		}
	}
}

// TestWhileTheSecretStoreIsAwayPeopleAreSpokenToAsIfTheyHadChosenNothing: nobody has
// done anything wrong then, and nobody is alarmed.
func TestWhileTheSecretStoreIsAwayPeopleAreSpokenToAsIfTheyHadChosenNothing(t *testing.T) {
	listen, alarms := overheard()
	o := newOffice(t, listen)
	chosen := desk.Preference{Language: "zh", Zone: "Asia/Shanghai"}
	if err := o.Desk.SetPreference(t.Context(), "tech-a", chosen); err != nil {
		t.Fatal(err)
	}
	if err := o.Desk.Close(); err != nil {
		t.Fatal(err)
	}
	unseal := o.seal()
	o.Desk = o.Open()
	if got, err := o.Desk.Preference(t.Context(), "tech-a"); got != (desk.Preference{}) || err != nil {
		t.Errorf("spoken to as %+v, %v", got, err)
	}
	if n := alarms(); n != 0 {
		t.Errorf("%d alarms", n)
	}
	unseal()
	if got, err := o.Desk.Preference(t.Context(), "tech-a"); got != chosen || err != nil {
		t.Errorf("when it is back: %+v, %v", got, err)
	}
}

// TestADeviceMadeUpInTheDatabaseIsNoWayPastALock: neither with a row of one's own
// making, nor with that of another person or device; and a log-in of the person
// themselves in such a device does not make it theirs.
func TestADeviceMadeUpInTheDatabaseIsNoWayPastALock(t *testing.T) {
	listen, alarms := overheard()
	o := newOffice(t, listen, func(c *desk.Config) { c.Policy.LockBase = time.Hour })
	theirs, err := o.signInFrom("tech-b", desk.Place{Network: "192.0.2.7"})
	if err != nil {
		t.Fatal(err)
	}
	token := custody.SecretString("made up by the administrator of the database")
	hash := sha256.Sum256(token.Bytes())
	o.administrator(func(db *sql.DB) {
		o.sql(db, "INSERT INTO devices (token_hash, person, seen, mark) SELECT ?, person, seen, mark FROM devices WHERE person = 'tech-b'", hash[:])
		o.sql(db, "INSERT INTO devices (token_hash, person, seen, mark) SELECT ?, 'tech-a', seen, mark FROM devices WHERE token_hash = ?", hash[:], hash[:])
		o.sql(db, "INSERT INTO devices (token_hash, person, seen, mark) SELECT token_hash, 'tech-a', seen, mark FROM devices WHERE person = 'tech-b' AND token_hash <> ?", hash[:])
	})
	// Tech-a logs in in the browser in which somebody planted that token.
	planted, err := o.signInFrom("tech-a", desk.Place{Network: "192.0.2.1", Device: token})
	if err != nil || planted.Device.IsZero() || planted.Device.Reveal() == token.Reveal() {
		t.Fatalf("logged in with the planted token, and kept it (%t): %v", planted.Device.IsZero(), err)
	}
	before := alarms()
	o.strangersEverywhere("tech-a")
	for _, when := range []string{"running", "restarted"} {
		for name, device := range map[string]custody.Secret{"made up": token, "of another": theirs.Device} {
			_, err := o.signInFrom("tech-a", desk.Place{Network: "198.51.100.1", Device: device})
			if custody.CodeOf(err) != custody.LockedOut {
				t.Errorf("%s, %s: %v", name, when, err)
			}
		}
		o.restart()
	}
	if n := alarms(); n == 0 || before == 0 {
		t.Errorf("%d alarms, %d before", n, before)
	}
	// Their own device still is the way in.
	if _, err := o.signInFrom("tech-a", desk.Place{Network: "198.51.100.1", Device: planted.Device}); err != nil {
		t.Errorf("in their own device: %v", err)
	}
}
