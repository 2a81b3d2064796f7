package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/store"
)

// What is in the folder of a backup.
const (
	backupDatabase   = "tandem.db"
	backupSecrets    = "secrets"    // of the embedded store, still encrypted
	backupCheckpoint = "checkpoint" // the ledger's head, signed
	backupVersion    = "version"    // of the program that made it
)

// onlyBackupsOwn is what a verification against nothing else does not prove.
const onlyBackupsOwn = "The only checkpoint is the one in the backup: what happened after it was made cannot be seen. " +
	"Give a checkpoint that was kept elsewhere with --since."

// errWrapped: a wrapped secret_id is good for one log-in, which is the server's.
var errWrapped = errors.New("the secret_id for Vault is wrapped, and only the server can use it")

// makeBackup copies database and secrets into a new folder, whole or not at all. A
// backup that is signed has a checkpoint in it; a ledger that is suspect gets none.
func makeBackup(ctx context.Context, cfg config.Config, folder string, signed bool) (err error) {
	folder = filepath.Clean(folder)
	if _, err := os.Lstat(folder); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(err, fmt.Errorf("%s is there already: a backup goes into a new folder", folder))
	}
	making, err := os.MkdirTemp(filepath.Dir(folder), ".tandem-backup-*") // whose mode is 0700
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(making))
		}
	}()
	for try := 1; ; try++ {
		if err := copyBoth(ctx, cfg, making); err != nil {
			return err
		}
		if !signed {
			break
		}
		err := signBackup(ctx, cfg, making)
		if err == nil {
			break
		}
		// A server may have moved the anchor after the copy, which it does at most once
		// a minute: then that copy, too, would be suspect where it is restored.
		if !errors.Is(err, desk.ErrBehindAnchor) || try == backupTries {
			return fmt.Errorf("sign a checkpoint of the backup: %w", err)
		}
	}
	made := built()
	version := fmt.Sprintf("tandem %s, revision %s\n", made.Version, made.Revision)
	if err := writeDurably(filepath.Join(making, backupVersion), []byte(version)); err != nil {
		return err
	}
	if err := os.Rename(making, folder); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(folder))
}

// backupTries is how often database and secrets are copied until the one is not
// behind the other.
const backupTries = 3

// copyBoth copies the database first: the secret store then has every version that
// the database speaks of, and at worst newer ones beside.
func copyBoth(ctx context.Context, cfg config.Config, folder string) error {
	database := filepath.Join(folder, backupDatabase)
	if err := os.Remove(database); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := store.Copy(ctx, cfg.SQLitePath(), database); err != nil {
		return err
	}
	if cfg.Secrets == config.Embedded {
		return copyFile(cfg.Embedded.Path, filepath.Join(folder, backupSecrets))
	}
	return nil
}

// signBackup signs the head of the copied ledger with the installation's key, if it
// is one that was sealed and anchored. An embedded store is in use by the server: its
// copy has the same key, and that it opens is proved by the way.
func signBackup(ctx context.Context, cfg config.Config, folder string) error {
	size, root, err := store.HeadOf(ctx, filepath.Join(folder, backupDatabase))
	if err != nil {
		return err
	}
	secrets, done, err := secretsOf(ctx, cfg, folder)
	if err != nil {
		return err
	}
	var head audit.Checkpoint
	if err = assureCopy(ctx, cfg, filepath.Join(folder, backupDatabase), secrets); err == nil {
		head, err = audit.SignCheckpoint(ctx, cfg.Ledger.Origin, size, root, secrets)
	}
	if err := errors.Join(err, done()); err != nil {
		return err
	}
	return writeDurably(filepath.Join(folder, backupCheckpoint), head.Text)
}

// assureCopy says whether a copy of the ledger may be signed. It looks at a copy of
// that one: a database of an earlier schema has to be brought up to date to be read.
func assureCopy(ctx context.Context, cfg config.Config, database string, secrets desk.Secrets) (err error) {
	aside, err := os.MkdirTemp(filepath.Dir(database), ".looked-at-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(aside)) }()
	path := filepath.Join(aside, backupDatabase)
	if err := store.Copy(ctx, database, path); err != nil {
		return err
	}
	log := slog.New(slog.DiscardHandler)
	opened, err := store.Open(ctx, path, log)
	if err != nil {
		return err
	}
	err = desk.Assure(ctx, desk.Config{Store: opened, Accounts: opened, Secrets: secrets, Origin: cfg.Ledger.Origin, Log: log})
	return errors.Join(err, opened.Close())
}

// ledgerKeyOf gives the key of the ledger in a backup, by its own secret store.
func ledgerKeyOf(ctx context.Context, cfg config.Config, folder string) (string, error) {
	secrets, done, err := secretsOf(ctx, cfg, folder)
	if err != nil {
		return "", err
	}
	key, err := secrets.PublicKey(ctx)
	if err := errors.Join(err, done()); err != nil {
		return "", err
	}
	return audit.VerifierKey(cfg.Ledger.Origin, key)
}

// secretsOf opens the secret store that a backup belongs to: Vault, or a copy of
// the embedded one's copy, because to open it leaves a lock beside it.
func secretsOf(ctx context.Context, cfg config.Config, folder string) (_ secretStore, done func() error, err error) {
	if cfg.Secrets == config.Vault {
		if cfg.Vault.Auth.Wrapped {
			return nil, nil, errWrapped
		}
		secrets, err := openSecrets(ctx, cfg, false, slog.New(slog.DiscardHandler))
		if err != nil {
			return nil, nil, err
		}
		return secrets, secrets.Close, nil
	}
	aside, err := os.MkdirTemp("", "tandem-secrets-*")
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(aside))
		}
	}()
	cfg.Embedded.Path = filepath.Join(aside, backupSecrets)
	if err := copyFile(filepath.Join(folder, backupSecrets), cfg.Embedded.Path); err != nil {
		return nil, nil, err
	}
	secrets, err := openSecrets(ctx, cfg, false, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, nil, err
	}
	return secrets, func() error { return errors.Join(secrets.Close(), os.RemoveAll(aside)) }, nil
}

// checkpointBeside gives the path of the checkpoint in the backup that a database
// file lies in; "" where it is in none, or in one without.
func checkpointBeside(database string) string {
	folder := filepath.Dir(database)
	for _, name := range []string{backupVersion, backupCheckpoint} {
		if info, err := os.Stat(filepath.Join(folder, name)); err != nil || !info.Mode().IsRegular() {
			return ""
		}
	}
	return filepath.Join(folder, backupCheckpoint)
}

// copyFile copies a file that is only ever replaced as a whole.
func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return writeDurably(to, content)
}

// keepBeforeMigration makes a backup of a database of an earlier schema, beside it,
// for whoever has to go back. A start that is tried again makes no second one of
// the same ledger.
func keepBeforeMigration(ctx context.Context, cfg config.Config, log *slog.Logger) error {
	version, known, err := store.Schema(ctx, cfg.DatabaseAddress())
	if err != nil || version == 0 || version >= known {
		return err
	}
	if cfg.OnServer() {
		log.WarnContext(ctx, "the schema is brought up to date; no copy of the database as it was is kept: "+store.ErrNoCopy.Error(), "from", version, "to", known)
		return nil
	}
	return keepSchema(ctx, cfg, log, version, known)
}

// keepSchema is keepBeforeMigration for a database of this version.
func keepSchema(ctx context.Context, cfg config.Config, log *slog.Logger, version, known int64) error {
	path := cfg.SQLitePath()
	size, head, err := store.HeadOf(ctx, path)
	if err != nil || size == 0 { // nothing happened here yet
		return err
	}
	if !store.Converted(version) { // nothing is changed, so nothing is kept
		return fmt.Errorf("open %s: %w", path, &store.SchemaError{Version: version, Known: known})
	}
	for n := 1; ; n++ {
		folder := fmt.Sprintf("%s.schema-%d", path, version)
		if n > 1 {
			folder += fmt.Sprintf("-%d", n)
		}
		if _, err := os.Lstat(folder); err == nil {
			if _, kept, err := store.HeadOf(ctx, filepath.Join(folder, backupDatabase)); err == nil && kept == head {
				return nil
			}
			continue
		}
		if err := makeBackup(ctx, cfg, folder, true); err != nil {
			log.WarnContext(ctx, "the backup before the change of the schema has no checkpoint", "error", err)
			if err := makeBackup(ctx, cfg, folder, false); err != nil {
				return fmt.Errorf("make a backup before the schema is changed: %w", err)
			}
		}
		log.InfoContext(ctx, "the schema is brought up to date; the database as it was is kept", "from", version, "to", known, "backup", folder)
		return nil
	}
}
