package web

import (
	"cmp"
	"html/template"
	"slices"
	"strings"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// recordPage is a handover for print: in both languages, with who confirmed what,
// and the proof of it. There is never a password on it.
type recordPage struct {
	custody.Handover
	People  map[string]custody.Person
	Targets []custody.Credential
	Steps   []entryRow // of the handover, the oldest first
	Size    int64      // of the ledger
	Root    string
	Proved  int64         // index of the entry that the code proves
	QR      template.HTML // its C2SP tlog-proof
}

func (p *Pages) record(v *visit) error {
	ctx := v.r.Context()
	h, err := v.Queries.Handover(ctx, v.r.PathValue("id"))
	if err != nil {
		return err
	}
	if v.Person.SightOfHandover(h) != custody.SeesAll {
		return custody.RefuseUnknown()
	}
	shown := recordPage{Handover: h}
	if shown.People, err = v.directory(); err != nil {
		return err
	}
	if shown.Targets, err = v.Queries.FindCredentials(ctx, desk.CredentialQuery{Names: h.Credentials}); err != nil {
		return err
	}
	if shown.Steps, err = p.steps(v, h.ID); err != nil {
		return err
	}
	entry := shown.Steps[0] // the offer
	for _, step := range shown.Steps {
		if step.Type == (custody.HandoverAccepted{}).Type() || step.Type == (custody.HandoverCarriedOut{}).Type() {
			entry = step
		}
	}
	proof, key, err := p.prove(ctx, entry.Index)
	if err != nil {
		return err
	}
	head, err := proof.Check([]byte(entry.Record), key) // as whoever scans it will
	if err != nil {
		return err
	}
	text, err := audit.FormatProof(proof)
	if err != nil {
		return err
	}
	label, err := say(v.lang, "record.qr")
	if err != nil {
		return err
	}
	shown.Size, shown.Root, shown.Proved = head.Size, head.Root.String(), entry.Index
	if shown.QR, err = drawQR(string(text), label); err != nil {
		return err
	}
	return v.render("record", shown)
}

// steps gives what happened to a handover, the oldest first, without what was
// refused, of which there can be any number: at least its offer.
func (p *Pages) steps(v *visit, id string) ([]entryRow, error) {
	var steps []entryRow
	for _, kind := range handoverSteps {
		some, err := v.entries(desk.EntryQuery{Subject: id, Type: kind})
		if err != nil {
			return nil, err
		}
		steps = append(steps, some...)
	}
	slices.SortFunc(steps, func(a, b entryRow) int { return cmp.Compare(a.Index, b.Index) })
	return steps, nil
}

// handoverSteps are the entries that are about a handover.
var handoverSteps = slices.DeleteFunc(custody.EntryTypes(), func(kind string) bool { return !strings.HasPrefix(kind, "handover.") })
