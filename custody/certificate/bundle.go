package certificate

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
)

// Bundle is what a certificate proves, in machine-readable form.
type Bundle struct {
	V         int      `json:"v"`                  // 1
	Handover  string   `json:"handover,omitempty"` // that it is about; or
	Leaver    string   `json:"leaver,omitempty"`   // the username of whoever left or changed post
	UTCOffset int      `json:"utc_offset"`         // seconds east, of the times on paper
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
	ErrIncomplete = errors.New("the certificate does not show a handover that both confirmed, or a leaving with all that was to be done")
	ErrAltered    = errors.New("the page does not say what its proved entries say, or another version of Tandem made it")
)

// Document is what a certificate proves: one of the two.
type Document struct {
	Paper   *Paper   // of a handover
	Leaving *Leaving // of somebody who left
}

// Ledger is what in a ledger a paper rests on.
type Ledger struct {
	Origin string `json:"origin"`
	Size   int64  `json:"size"`  // entries that the root states
	Root   string `json:"root"`  // base64
	Proof  string `json:"proof"` // C2SP tlog-proof of the entry that ends it
}

// Party is a person.
type Party struct {
	Username string `json:"username"`
	Name     string `json:"name"`
}

// each proves every entry with the ledger's key, and gives what it says.
func (b Bundle) each(key string, take func(index int64, e custody.Event, rests Ledger)) error {
	if b.V != version || b.UTCOffset < -maxZone || b.UTCOffset > maxZone {
		return fmt.Errorf("%w: a version or a zone that is not known", ErrIncomplete)
	}
	last := int64(-1)
	for i, proved := range b.Entries {
		index, event, head, err := proved.check(key)
		if err != nil {
			return fmt.Errorf("entry %d of the certificate: %w", i, err)
		}
		if index <= last {
			return fmt.Errorf("%w: entries out of order", ErrIncomplete)
		}
		last = index
		take(index, event, Ledger{head.Origin, head.Size, head.Root.String(), proved.Proof})
	}
	return nil
}

func (b Bundle) zone() *time.Location { return time.FixedZone("", b.UTCOffset) }

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

// encode writes the bundle as a PEM block.
func (b Bundle) encode() ([]byte, error) {
	text, err := json.Marshal(b)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: blockType, Bytes: text}), nil
}

// Document proves every entry with the ledger's key and gives what they say, of the kind of
// certificate that it is.
func (b Bundle) Document(key string) (Document, error) {
	if b.Leaver != "" {
		l, err := b.CheckLeaving(key)
		return Document{Leaving: &l}, err
	}
	p, err := b.Check(key)
	return Document{Paper: &p}, err
}

// printable is what both kinds of file show of a bundle.
type printable struct {
	sheet
	block []byte   // the bundle itself
	dots  [][]bool // the proof as a QR code
}

func (b Bundle) printable(key string) (p printable, err error) {
	d, err := b.Document(key)
	if err != nil {
		return p, err
	}
	if p.sheet, err = d.laid(); err != nil {
		return p, err
	}
	if p.block, err = b.encode(); err != nil {
		return p, err
	}
	p.dots, err = modules(p.Rests.Proof)
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
