package custody

import (
	"regexp"
	"slices"
	"time"
)

// An envelope is made after each rotation that was proved, and when the keyholders change:
// what a credential lacks follows from its version and from who they are. It is entered
// before the password is read for it (I5), and nothing waits for it: rotations, check-outs
// and handovers go on whatever becomes of it.

// Envelope is what is known of a credential's envelopes.
type Envelope struct {
	Number  int64    `json:"number,omitzero"`   // of the last one that was to be made; files are called by it
	Version int64    `json:"version,omitzero"`  // of the password in that
	Set     string   `json:"set,omitzero"`      // digest of its keyholders and their keys
	Readers []string `json:"readers,omitempty"` // sorted: who is a keyholder of any with this version

	Sealed Sealed `json:"sealed,omitzero"` // the last one whose file was written
	Lost   Why    `json:"lost,omitzero"`   // what is wrong with that file, since it was looked at last; "": nothing
	Drill  Drill  `json:"drill,omitzero"`  // two have opened it, and the password is being tried

	Drilled time.Time `json:"drilled,omitzero"` // when one of them was opened last in a drill that went well; zero: never
}

// Sealed is an envelope whose file is in the folder.
type Sealed struct {
	Number     int64     `json:"number"`
	Version    int64     `json:"version"`
	Set        string    `json:"set"`
	Keyholders []string  `json:"keyholders"` // sorted
	At         time.Time `json:"at"`
	Digest     string    `json:"digest"` // SHA-256 of the file, in hex
	Proof      string    `json:"proof"`  // SHA-256 of the token inside, in hex
}

// Drill is one under way.
type Drill struct {
	By     [2]string          `json:"by,omitzero"` // sorted; the zero one: there is none
	Since  time.Time          `json:"since,omitzero"`
	Result VerificationResult `json:"result,omitzero"` // what the target said to the password; "": not asked yet
}

// Why is why there is no envelope.
type Why string

// The whys. Of the folder, or of all envelopes: one is enough to know.
const (
	WhyFolderMissing Why = "folder_missing"
	WhyFolderLink    Why = "folder_link"
	WhyFolderFull    Why = "folder_full"
	WhyNotWritable   Why = "not_writable"
	WhyRecipient     Why = "recipient_bad"
	WhyDisk          Why = "disk"

	// Of one file.
	WhyFileMissing Why = "file_missing"
	WhyFileChanged Why = "file_changed"
)

var (
	folderWhys = []Why{WhyFolderMissing, WhyFolderLink, WhyFolderFull, WhyNotWritable, WhyRecipient, WhyDisk}
	fileWhys   = []Why{WhyFileMissing, WhyFileChanged}
)

// Whys lists all of them.
func Whys() []Why { return append(slices.Clone(folderWhys), fileWhys...) }

// Envelopes is what is known of all of them together.
type Envelopes struct {
	Failing []Failing `json:"failing,omitempty"` // why none can be made, by why
	Few     bool      `json:"few,omitzero"`      // there are too few keyholders, and that is on record
}

// Failing is one reason, since when.
type Failing struct {
	Why   Why       `json:"why"`
	Since time.Time `json:"since"`
}

func (v Envelopes) failing(why Why) bool {
	return slices.ContainsFunc(v.Failing, func(f Failing) bool { return f.Why == why })
}

// Envelopes gives what is known of all of them. Its slices must not be changed.
func (s *State) Envelopes() Envelopes {
	for at := s; at != nil; at = at.base {
		if at.envelopes != nil {
			return *at.envelopes
		}
	}
	return Envelopes{}
}

// EnvelopesChanged gives it where a fork changed it, or nil; of a root, what there is.
func (s *State) EnvelopesChanged() *Envelopes { return s.envelopes }

// RestoreEnvelopes is Restore for it.
func (s *State) RestoreEnvelopes(v Envelopes) { s.envelopes = &v; s.countKeyholders() }

// InForce says that the last envelope has the password that counts, for those who are
// keyholders now, and that its file is as it was written.
func (s *State) InForce(c Credential) bool {
	_, set := s.keyholding()
	return c.current(set)
}

func (c Credential) current(set string) bool {
	sealed := c.Envelope.Sealed
	return set != "" && sealed.Version == c.Version && sealed.Set == set && c.Envelope.Lost == ""
}

// lacks says that an envelope is to be made: of a password that counts, where there are
// keyholders, and none is in force.
func (c Credential) lacks(set string) bool {
	return c.AtRest() && c.Version > 0 && set != "" && !c.current(set)
}

// begun says that one is being made for these keyholders, or that a crash cut that short.
func (c Credential) begun(set string) bool {
	e := c.Envelope
	return e.Number > e.Sealed.Number && e.Version == c.Version && e.Set == set
}

// Enveloping gives what InForce says, and whether an envelope is to be made, of one
// credential after the other.
func (s *State) Enveloping() (inForce, lacks func(Credential) bool) {
	_, set := s.keyholding()
	return func(c Credential) bool { return c.current(set) }, func(c Credential) bool { return c.lacks(set) }
}

// LackEnvelopes gives the credentials of which an envelope is to be made, by name.
func (s *State) LackEnvelopes() (lacking []Credential) {
	_, set := s.keyholding()
	if set == "" {
		return nil
	}
	for c := range s.Credentials() {
		if c.lacks(set) {
			lacking = append(lacking, c)
		}
	}
	return lacking
}

// IntendEnvelope is entered before a password is read for an envelope, each time that it
// is: after a crash once more.
type IntendEnvelope struct {
	Credential string `json:"credential"`
	Version    int64  `json:"version"`
}

var _ = action(IntendEnvelope{})

func (IntendEnvelope) Verb() string         { return "intend_envelope" }
func (a IntendEnvelope) Subject() string    { return a.Credential }
func (IntendEnvelope) givers() givers       { return theSystem }
func (a IntendEnvelope) bare(*State) Action { return a }

func (a IntendEnvelope) decide(d *decision) error {
	c, err := d.credential(a.Credential)
	if err != nil {
		return err
	}
	names, set := d.state.keyholding()
	if !c.lacks(set) || a.Version != c.Version {
		return refuseLateEnvelope(c)
	}
	d.happen(EnvelopeIntended{Credential: c.Name, Envelope: c.Envelope.Number + 1, Version: c.Version, Keyholders: names, Set: set})
	return nil
}

// EnvelopeIntended was committed before the password was read for an envelope.
type EnvelopeIntended struct {
	Credential string   `json:"credential"`
	Envelope   int64    `json:"envelope"` // its number, among those of the credential
	Version    int64    `json:"version"`
	Keyholders []string `json:"keyholders"` // by username, sorted
	Set        string   `json:"set"`        // digest of them and their keys
}

var _ = fact(EnvelopeIntended{})

func (EnvelopeIntended) Type() string               { return "envelope.intended" }
func (f EnvelopeIntended) Subject() string          { return f.Credential }
func (f EnvelopeIntended) concerns(*State) Concerns { return aboutCredential(f.Credential) }
func (EnvelopeIntended) grade() Grade               { return Ordinary }
func (EnvelopeIntended) by(*State, Event) Who       { return bySystem() }

func (f EnvelopeIntended) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	names, set := s.keyholding()
	switch {
	case !c.AtRest() || f.Version != c.Version || c.Version < 1:
		return e.violates("I5", "of a password that does not count")
	case set == "" || f.Set != set || !slices.Equal(f.Keyholders, names):
		return e.violates("I10", "for others than the policy's keyholders who have access")
	case c.current(set) || f.Envelope != c.Envelope.Number+1:
		return e.violates("I5", "without need, or out of its turn")
	}
	return nil
}

func (f EnvelopeIntended) apply(s *State, _ Event) {
	s.editCredential(f.Credential, func(c *Credential) {
		e := &c.Envelope
		if e.Version != f.Version {
			e.Readers = nil
		}
		e.Number, e.Version, e.Set = f.Envelope, f.Version, f.Set
		for _, name := range f.Keyholders {
			e.Readers = with(e.Readers, name)
		}
	})
}

// SealEnvelope says that the file of an envelope is in the folder.
type SealEnvelope struct {
	Credential string `json:"credential"`
	Envelope   int64  `json:"envelope"`
	Digest     string `json:"digest"` // SHA-256 of the file, in hex
	Proof      string `json:"proof"`  // SHA-256 of the random token inside, in hex
}

var _ = action(SealEnvelope{})

func (SealEnvelope) Verb() string         { return "seal_envelope" }
func (a SealEnvelope) Subject() string    { return a.Credential }
func (SealEnvelope) givers() givers       { return theSystem }
func (a SealEnvelope) bare(*State) Action { return a }

func (a SealEnvelope) decide(d *decision) error {
	c, err := d.credential(a.Credential)
	if err != nil {
		return err
	}
	_, set := d.state.keyholding()
	switch {
	case !c.lacks(set) || !c.begun(set) || a.Envelope != c.Envelope.Number:
		return refuseLateEnvelope(c)
	case !hexOfSHA256.MatchString(a.Digest) || !hexOfSHA256.MatchString(a.Proof):
		return Invalid("digest", "digest")
	}
	d.happen(EnvelopeSealed(a))
	return nil
}

var hexOfSHA256 = regexp.MustCompile(`^[0-9a-f]{64}$`)

// EnvelopeSealed: the file of an envelope is in the folder, and any two of its keyholders
// open it.
type EnvelopeSealed struct {
	Credential string `json:"credential"`
	Envelope   int64  `json:"envelope"`
	Digest     string `json:"digest"`
	Proof      string `json:"proof"`
}

var _ = fact(EnvelopeSealed{})

func (EnvelopeSealed) Type() string               { return "envelope.sealed" }
func (f EnvelopeSealed) Subject() string          { return f.Credential }
func (f EnvelopeSealed) concerns(*State) Concerns { return aboutCredential(f.Credential) }
func (EnvelopeSealed) grade() Grade               { return Ordinary }
func (EnvelopeSealed) by(*State, Event) Who       { return bySystem() }

func (f EnvelopeSealed) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	_, set := s.keyholding()
	switch {
	case !c.AtRest() || set == "" || !c.begun(set) || f.Envelope != c.Envelope.Number:
		return e.violates("I5", "sealed before it was on record that it would be, or for what does not count any more")
	case !hexOfSHA256.MatchString(f.Digest) || !hexOfSHA256.MatchString(f.Proof):
		return e.violates("I7", "of a file of which is not said which it is")
	}
	return nil
}

func (f EnvelopeSealed) apply(s *State, e Event) {
	s.editCredential(f.Credential, func(c *Credential) {
		names, _ := s.keyholding()
		c.Envelope.Sealed = Sealed{
			Number: f.Envelope, Version: c.Envelope.Version, Set: c.Envelope.Set, Keyholders: names, At: e.Time, Digest: f.Digest, Proof: f.Proof,
		}
		c.Envelope.Lost = ""
	})
	if known := s.Envelopes(); len(known.Failing) > 0 { // what was in the way is not any more
		known.Failing = nil
		s.envelopes = &known
	}
	s.settleEnvelopes(s.Size-1, e.Time)
	s.expectLeft(s.custodians(f.Credential)...) // whose only custodian may wait for it
}

// FailEnvelope says why there is no envelope.
type FailEnvelope struct {
	Credential string `json:"credential,omitzero"` // whose file something is wrong with; "": it is of all of them
	Envelope   int64  `json:"envelope,omitzero"`   // the number of that
	Why        Why    `json:"why"`
}

var _ = action(FailEnvelope{})

func (FailEnvelope) Verb() string         { return "fail_envelope" }
func (a FailEnvelope) Subject() string    { return a.Credential }
func (FailEnvelope) givers() givers       { return theSystem }
func (a FailEnvelope) bare(*State) Action { return a }

// decide enters each reason once: what a thousand envelopes fail for is one thing to put
// right.
func (a FailEnvelope) decide(d *decision) error {
	if a.Credential == "" {
		if !slices.Contains(folderWhys, a.Why) {
			return Invalid("why", "why")
		}
		if !d.state.Envelopes().failing(a.Why) {
			d.happen(EnvelopeFailed{Why: a.Why, First: true})
		}
		return nil
	}
	c, err := d.credential(a.Credential)
	if err != nil {
		return err
	}
	if !slices.Contains(fileWhys, a.Why) {
		return Invalid("why", "why")
	}
	if c.Envelope.losable(a.Envelope) {
		d.happen(EnvelopeFailed{Credential: c.Name, Envelope: a.Envelope, Why: a.Why, First: !d.state.lost(a.Why)})
	}
	return nil
}

// losable says that something can be found to be wrong with the file of this number.
func (e Envelope) losable(number int64) bool {
	return number > 0 && e.Sealed.Number == number && e.Lost == ""
}

// lost says whether that is wrong with some file already.
func (s *State) lost(why Why) bool {
	for c := range s.Credentials() {
		if c.Envelope.Lost == why && c.Active() {
			return true
		}
	}
	return false
}

// EnvelopeFailed: there is no envelope, or one is not what it was.
type EnvelopeFailed struct {
	Credential string `json:"credential,omitzero"`
	Envelope   int64  `json:"envelope,omitzero"`
	Why        Why    `json:"why"`
	First      bool   `json:"first,omitzero"` // nothing else has failed for this that is not put right
}

var _ = fact(EnvelopeFailed{})

func (EnvelopeFailed) Type() string         { return "envelope.failed" }
func (f EnvelopeFailed) Subject() string    { return f.Credential }
func (EnvelopeFailed) by(*State, Event) Who { return bySystem() }

func (f EnvelopeFailed) concerns(*State) Concerns {
	if f.Credential == "" {
		return Concerns{}
	}
	return aboutCredential(f.Credential)
}

func (f EnvelopeFailed) grade() Grade {
	if f.First {
		return Serious
	}
	return Ordinary
}

func (f EnvelopeFailed) allowed(s *State, e Event) error {
	if f.Credential == "" {
		if !slices.Contains(folderWhys, f.Why) || s.Envelopes().failing(f.Why) || !f.First || f.Envelope != 0 {
			return e.violates("I7", "for no reason of the folder's, or twice")
		}
		return nil
	}
	c, _ := s.Credential(f.Credential)
	if !slices.Contains(fileWhys, f.Why) || !c.Envelope.losable(f.Envelope) || f.First == s.lost(f.Why) {
		return e.violates("I7", "of a file that there is not, twice, or said to be the first, or not to be, of its kind")
	}
	return nil
}

func (f EnvelopeFailed) apply(s *State, e Event) {
	if f.Credential == "" {
		known := s.Envelopes()
		known.Failing = append(slices.Clone(known.Failing), Failing{f.Why, e.Time})
		s.envelopes = &known
		return
	}
	s.editCredential(f.Credential, func(c *Credential) { c.Envelope.Lost = f.Why })
}

// checkEnvelope holds what is true of every credential's envelopes.
func (c Credential) checkEnvelope() error {
	e := c.Envelope
	switch {
	case e.Sealed.Number > e.Number || e.Version > c.Version || e.Sealed.Version > e.Version:
		return &Violation{Invariant: "I5", Subject: c.Name, Detail: "an envelope that nothing has announced"}
	case e.Drill != Drill{} && (!c.AtRest() || e.Sealed.Version != c.Version || !slices.Contains(c.Exposure, e.Drill.By[0]) || !slices.Contains(c.Exposure, e.Drill.By[1])):
		return &Violation{Invariant: "I4", Subject: c.Name, Detail: "a drill with a password that does not count, or of whom nobody says that they know it"}
	}
	return nil
}

func refuseLateEnvelope(c Credential) *Refusal {
	return &Refusal{Code: Conflict, Key: "late_envelope", Args: Args{"credential": c.Name}}
}
