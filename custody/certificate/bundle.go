package certificate

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
)

// Bundle is what a certificate proves, in machine-readable form.
type Bundle struct {
	V         int      `json:"v"` // 1
	Handover  string   `json:"handover"`
	UTCOffset int      `json:"utc_offset"` // seconds east, of the times on paper
	Entries   []Proved `json:"entries"`
}

// Proved is an entry with its proof.
type Proved struct {
	Record string `json:"record"` // canonical form, a string because its bytes count
	Proof  string `json:"proof"`  // C2SP tlog-proof

	// Texts are what people wrote, by what the record commits to it with. One that
	// was taken out of the ledger is not there.
	Texts map[string]custody.Words `json:"texts,omitempty"`
}

const (
	version   = 1
	blockType = "TANDEM CERTIFICATE"
	maxZone   = 18 * 60 * 60
)

// The errors of Check. Those of package audit come wrapped.
var (
	ErrNone       = errors.New("there is no certificate of Tandem's in this file")
	ErrIncomplete = errors.New("the certificate does not show a handover that both confirmed")
	ErrAltered    = errors.New("the page does not say what its proved entries say, or another version of Tandem made it")
)

// Paper is what the entries of a handover say, proved.
type Paper struct {
	Handover    string    `json:"handover"`
	Reason      string    `json:"reason"`
	From        Party     `json:"from"`
	To          Party     `json:"to"`
	Credentials []Item    `json:"credentials"`
	Expected    time.Time `json:"expected_return,omitzero"`
	Steps       []Step    `json:"steps"` // in the order of the ledger

	Origin string `json:"origin"` // of the ledger
	Size   int64  `json:"size"`   // entries that the root states
	Root   string `json:"root"`   // base64
	Proof  string `json:"proof"`  // C2SP tlog-proof of the acceptance

	zone            *time.Location
	names, accounts map[string]string
}

// Party is one of the two persons.
type Party struct {
	Username string `json:"username"`
	Name     string `json:"name"`
}

// Item is a credential that was handed over.
type Item struct {
	Name    string `json:"name"`
	Account string `json:"account"`
}

// Step is one thing that happened to the handover.
type Step struct {
	Index     int64     `json:"index"`
	Type      string    `json:"type"`
	Time      time.Time `json:"time"`
	Actor     string    `json:"actor"`
	Confirmed string    `json:"confirmed,omitzero"` // who confirmed it with a TOTP code, and the step; "": nobody had to
}

// Check proves every entry with the ledger's key and gives what they say.
func (b Bundle) Check(key string) (Paper, error) {
	if b.V != version || b.UTCOffset < -maxZone || b.UTCOffset > maxZone {
		return Paper{}, fmt.Errorf("%w: a version or a zone that is not known", ErrIncomplete)
	}
	p := Paper{
		Handover: b.Handover, zone: time.FixedZone("", b.UTCOffset),
		names: map[string]string{}, accounts: map[string]string{},
	}
	last := int64(-1)
	for i, proved := range b.Entries {
		index, event, head, err := proved.check(key)
		if err != nil {
			return Paper{}, fmt.Errorf("entry %d of the certificate: %w", i, err)
		}
		if index <= last {
			return Paper{}, fmt.Errorf("%w: entries out of order", ErrIncomplete)
		}
		last = index
		if _, ok := event.Fact.(custody.HandoverAccepted); ok && event.Fact.Subject() == b.Handover {
			p.Origin, p.Size, p.Root, p.Proof = head.Origin, head.Size, head.Root.String(), proved.Proof
		}
		p.add(index, event)
	}
	return p, p.complete()
}

func (proved Proved) check(key string) (index int64, event custody.Event, head audit.Checkpoint, err error) {
	proof, err := audit.ParseProof([]byte(proved.Proof))
	if err != nil {
		return 0, event, head, err
	}
	if head, err = proof.Check([]byte(proved.Record), key); err != nil {
		return 0, event, head, err
	}
	if event, err = custody.ReadRecord([]byte(proved.Record)); err != nil {
		return 0, event, head, err
	}
	// One that does not match would read as what both of them confirmed.
	if err := new(custody.Texts).Check(event, proved.Texts); err != nil {
		return 0, event, head, err
	}
	return proof.Index, event.Filled(proved.Texts), head, nil
}

// add takes what an entry says about the handover, its persons or credentials.
// Those of persons and credentials are older than the handover, so they wait.
func (p *Paper) add(index int64, e custody.Event) {
	switch f := e.Fact.(type) {
	case custody.PersonAdded:
		p.names[f.Username] = f.Name
	case custody.CredentialAdded:
		p.accounts[f.Credential] = f.Target.Account.In(redacted()) + " @ " + f.Target.Address.In(redacted())
	case custody.HandoverOffered:
		if f.Handover == p.Handover {
			p.Reason, p.Expected = f.Reason.In(redacted()), f.ExpectedReturn
			p.From, p.To = Party{f.From, p.names[f.From]}, Party{f.To, p.names[f.To]}
			for _, name := range f.Credentials {
				p.Credentials = append(p.Credentials, Item{name, p.accounts[name]})
			}
		}
	}
	if e.Fact.Subject() == p.Handover {
		step := Step{Index: index, Type: e.Fact.Type(), Time: e.Time.In(p.zone), Actor: e.Actor}
		if e.Confirm != nil {
			step.Confirmed = fmt.Sprintf("%s (TOTP %d)", e.Confirm.Person, e.Confirm.Step)
		}
		p.Steps = append(p.Steps, step)
	}
}

// complete says whether both confirmed, and the right ones.
func (p *Paper) complete() error {
	confirmed := func(kind, by string) bool {
		return slices.ContainsFunc(p.Steps, func(s Step) bool { return s.Type == kind && s.Actor == by && s.Confirmed != "" })
	}
	offered, accepted := custody.HandoverOffered{}.Type(), custody.HandoverAccepted{}.Type()
	if p.From.Username == "" || !confirmed(offered, p.From.Username) || !confirmed(accepted, p.To.Username) {
		return ErrIncomplete
	}
	return nil
}

// encode writes the bundle as a PEM block.
func (b Bundle) encode() ([]byte, error) {
	text, err := json.Marshal(b)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: blockType, Bytes: text}), nil
}

// printable is what both kinds of certificate show of a bundle.
type printable struct {
	Paper
	block []byte   // the bundle itself
	dots  [][]bool // the proof as a QR code
	said  wording
}

func (b Bundle) printable(key string) (p printable, err error) {
	if p.Paper, err = b.Check(key); err != nil {
		return p, err
	}
	if p.block, err = b.encode(); err != nil {
		return p, err
	}
	if p.dots, err = modules(p.Proof); err != nil {
		return p, err
	}
	p.said, err = p.wording()
	return p, err
}

// Find gives the bundle of a certificate, HTML or PDF. It proves nothing yet.
func Find(file []byte) (Bundle, error) {
	for block, rest := pem.Decode(file); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != blockType {
			continue
		}
		var b Bundle
		if err := json.Unmarshal(block.Bytes, &b); err != nil {
			return Bundle{}, fmt.Errorf("%w: %w", ErrNone, err)
		}
		return b, nil
	}
	return Bundle{}, ErrNone
}
