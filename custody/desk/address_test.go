package desk_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// TestWhereAPasswordGoesNobodyCanRewrite: the texts lie where an administrator of the
// database can write. What the worker is told is what the ledger commits to, or it is
// told that this is not known: never another place.
func TestWhereAPasswordGoesNobodyCanRewrite(t *testing.T) {
	o := newOffice(t)
	if err := add(o.Desk, custody.System, "db02", custody.Secret{}, custody.Secret{}); err != nil {
		t.Fatal(err)
	}
	evil := desk.NewNote("evil.example:22")
	words, _ := evil.Words()
	const atDB01 = " WHERE text = 'db01.example:22'"
	for name, write := range map[string]func(*sql.DB){
		"nothing":  func(*sql.DB) {},
		"the text": func(db *sql.DB) { o.sql(db, "UPDATE ledger_texts SET text = 'evil.example:22'"+atDB01) },
		"text and salt": func(db *sql.DB) {
			o.sql(db, "UPDATE ledger_texts SET text = ?, salt = ?"+atDB01, words.Text, words.Salt[:])
		},
		"all of the text's": func(db *sql.DB) {
			o.sql(db, "UPDATE ledger_texts SET text = ?, salt = ?, commitment = ?"+atDB01, words.Text, words.Salt[:], evil.Commitment())
		},
		"another's text": func(db *sql.DB) { o.sql(db, "UPDATE ledger_texts SET text = 'db02.example:22'"+atDB01) },
		"its row, gone":  func(db *sql.DB) { o.sql(db, "DELETE FROM ledger_texts"+atDB01) },
		"whose password": func(db *sql.DB) { o.sql(db, "UPDATE ledger_texts SET text = 'toor' WHERE text = 'root'") },
		"text and credential": func(db *sql.DB) {
			o.sql(db, "INSERT INTO ledger_texts VALUES (0, ?, ?, ?)", evil.Commitment(), words.Salt[:], words.Text)
			o.sql(db, "UPDATE credentials SET doc = json_set(doc, '$.target.address', ?) WHERE key = 'db01'", evil.Commitment())
		},
	} {
		o.administrator(func(db *sql.DB) {
			o.sql(db, "CREATE TABLE texts_before AS SELECT * FROM ledger_texts")
			o.sql(db, "CREATE TABLE target_before AS SELECT key, doc FROM credentials")
			write(db)
		})
		c, err := o.Desk.Credential(t.Context(), "db01")
		if err != nil {
			t.Fatal(err)
		}
		plain, known := c.Target.Plain()
		right := plain.Address == "db01.example:22" && plain.Account == "root"
		if intact := name == "nothing" || name == "text and credential"; known != intact || known && !right {
			t.Errorf("%s: %+v, %v", name, plain, known)
		}
		o.administrator(func(db *sql.DB) {
			o.sql(db, "DELETE FROM ledger_texts")
			o.sql(db, "INSERT INTO ledger_texts SELECT * FROM texts_before")
			o.sql(db, "UPDATE credentials SET doc = (SELECT doc FROM target_before b WHERE b.key = credentials.key)")
			o.sql(db, "DROP TABLE texts_before")
			o.sql(db, "DROP TABLE target_before")
		})
	}
}

// lying is a store that says of every text that it is another.
type lying struct {
	desk.Store
	words custody.Words
}

func (l lying) Texts(_ context.Context, notes []custody.Note) (map[string]custody.Words, error) {
	texts := map[string]custody.Words{}
	for _, n := range notes {
		texts[n.Commitment()] = l.words
	}
	return texts, nil
}

// TestADeskTakesNoStoresWordForAText: it compares each with the ledger by itself.
func TestADeskTakesNoStoresWordForAText(t *testing.T) {
	o := newOffice(t)
	words, _ := desk.NewNote("evil.example:22").Words()
	o.Do("tech-a", custody.RequestRotation{Credential: "db01", Reason: desk.NewNote("worn")})
	o.Config.Store = lying{o.Config.Store, words}
	d := o.Open()
	c, err := d.Credential(t.Context(), "db01")
	if err != nil {
		t.Fatal(err)
	}
	all, err := d.Unfinished(t.Context())
	if err != nil || len(all) != 1 {
		t.Fatalf("%d are unfinished, %v", len(all), err)
	}
	for _, c := range append(all, c) {
		if plain, known := c.Target.Plain(); known || plain.Address != "" {
			t.Errorf("a password would be sent to %+v", plain)
		}
	}
}

// TestAnAccountIsToldByADigest: the ledger does not name it, only who has the salt
// can try names, and in another process it is the same account all the same.
func TestAnAccountIsToldByADigest(t *testing.T) {
	const called = "ssh root@db09.example:22"
	o := newOffice(t, func(c *desk.Config) {
		c.CheckTarget = func(t custody.Target, _ custody.Secret) (desk.CheckedTarget, error) {
			if t.Settings["alias"] != "" {
				return desk.CheckedTarget{Identities: []string{"another name", called, called}}, nil
			}
			return desk.CheckedTarget{}, nil // by what it is called as it stands
		}
	})
	if err := add(o.Desk, custody.System, "db09", custody.Secret{}, custody.Secret{}); err != nil {
		t.Fatal(err)
	}
	salt, err := o.Secrets.Read(t.Context(), desk.IdentityPath)
	if err != nil || len(salt.Value.Bytes()) != 32 {
		t.Fatalf("%d bytes of salt, %v", len(salt.Value.Bytes()), err)
	}
	added, err := o.Desk.Credential(t.Context(), "db09")
	if err != nil || !slices.Equal(added.Target.Identities, desk.Identities(salt.Value.Bytes(), called)) {
		t.Errorf("it is called %q, %v", added.Target.Identities, err)
	}
	if slices.Equal(added.Target.Identities, desk.Identities(nil, called)) {
		t.Error("anybody can try names")
	}
	for _, suffix := range []string{"", "-wal"} {
		if content, err := os.ReadFile(o.Path + suffix); err != nil || bytes.Contains(content, salt.Value.Bytes()) {
			t.Errorf("the salt lies in the database%s, %v", suffix, err)
		}
	}
	alias := onboarding("db10")
	alias.Target = desk.NewTarget(custody.Target{Kind: "ssh", Address: "10.0.0.9:22", Account: "root", Settings: map[string]string{"alias": "yes"}})
	for when, d := range map[string]*desk.Desk{"here": o.Desk, "in another process": o.Open()} {
		_, err := d.AddCredential(t.Context(), desk.By{Actor: custody.System, Request: unique("onboard")}, alias, custody.Secret{}, custody.Secret{})
		if custody.CodeOf(err) != custody.AccountTaken {
			t.Errorf("%s: %v", when, err)
		}
	}

	bare := onboarding("db11")
	if err := bare.Target.Address.UnmarshalText([]byte(bare.Target.Address.Commitment())); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Desk.AddCredential(t.Context(), desk.By{Actor: custody.System, Request: unique("onboard")}, bare, custody.Secret{}, custody.Secret{}); !errors.Is(err, custody.ErrNote) {
		t.Errorf("without its texts: %v", err)
	}

	// With another salt it could come in a second time.
	size := o.Size()
	if _, err := o.Secrets.Write(t.Context(), desk.IdentityPath, custody.SecretString("short"), salt.Version, nil); err != nil {
		t.Fatal(err)
	}
	if err := add(o.Desk, custody.System, "db12", custody.Secret{}, custody.Secret{}); !errors.Is(err, desk.ErrSecretsLost) {
		t.Errorf("with a damaged one: %v", err)
	}
	if err := o.Secrets.Delete(t.Context(), desk.IdentityPath); err != nil {
		t.Fatal(err)
	}
	if err := add(o.Desk, custody.System, "db12", custody.Secret{}, custody.Secret{}); !errors.Is(err, desk.ErrSecretsLost) || o.Size() != size {
		t.Errorf("with none: %v", err)
	}
}
