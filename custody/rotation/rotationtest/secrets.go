package rotationtest

import (
	"context"
	"crypto/rand"
	"slices"
	"sync"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// Secrets is a secret store. Its operations are called read, write, delete and
// generate.
type Secrets struct {
	Faults  Faults
	Changed func() // after every change; may read

	mu    sync.Mutex
	paths map[string][]custody.Secret // versions, from 1
	made  []custody.Secret            // every value it ever generated

	// Repeat is generated first, as chance might.
	Repeat []custody.Secret
}

// NewSecrets makes an empty one.
func NewSecrets() *Secrets { return &Secrets{paths: map[string][]custody.Secret{}} }

// Read is as desk.Secrets has it, like the methods after it.
func (s *Secrets) Read(ctx context.Context, path string) (desk.Versioned, error) {
	if err := ctx.Err(); err != nil {
		return desk.Versioned{}, err
	}
	if s.Faults.next("read") != None {
		return desk.Versioned{}, ErrFault
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	versions := s.paths[path]
	if len(versions) == 0 {
		return desk.Versioned{}, desk.ErrNoSecret
	}
	return desk.Versioned{Value: versions[len(versions)-1], Version: int64(len(versions))}, nil
}

func (s *Secrets) ReadVersion(ctx context.Context, path string, version int64) (custody.Secret, error) {
	if _, err := s.Read(ctx, path); err != nil {
		return custody.Secret{}, err
	}
	versions := s.Versions(path)
	if version < 1 || version > int64(len(versions)) {
		return custody.Secret{}, desk.ErrNoSecret
	}
	return versions[version-1], nil
}

func (s *Secrets) Write(ctx context.Context, path string, value custody.Secret, cas int64, _ map[string]string) (version int64, err error) {
	err = s.change(ctx, "write", func() error {
		if int64(len(s.paths[path])) != cas {
			return desk.ErrVersion
		}
		s.paths[path] = append(slices.Clone(s.paths[path]), value)
		version = cas + 1
		return nil
	})
	return version, err
}

func (s *Secrets) Delete(ctx context.Context, path string) error {
	return s.change(ctx, "delete", func() error {
		delete(s.paths, path)
		return nil
	})
}

func (s *Secrets) Generate(ctx context.Context, _ string) (value custody.Secret, err error) {
	err = s.change(ctx, "generate", func() error {
		if len(s.Repeat) > 0 {
			value, s.Repeat = s.Repeat[0], s.Repeat[1:]
			return nil
		}
		value = custody.SecretString(rand.Text())
		s.made = append(s.made, value)
		return nil
	})
	return value, err
}

func (s *Secrets) change(ctx context.Context, operation string, effect func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	fault := s.Faults.next(operation)
	if fault == Before {
		return ErrFault
	}
	s.mu.Lock()
	err := effect()
	s.mu.Unlock()
	if s.Changed != nil {
		s.Changed()
	}
	if fault == After {
		return ErrFault
	}
	return err
}

// Versions gives all versions at a path, the first one first.
func (s *Secrets) Versions(path string) []custody.Secret {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.paths[path])
}

// Holds says whether a value can be read anywhere in it.
func (s *Secrets) Holds(value custody.Secret) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, versions := range s.paths {
		if slices.ContainsFunc(versions, value.Equal) {
			return true
		}
	}
	return false
}

// Made gives every value that it ever generated.
func (s *Secrets) Made() []custody.Secret {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.made)
}
