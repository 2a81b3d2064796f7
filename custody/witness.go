package custody

// ReportConflict enters that a witness has refused a checkpoint of the ledger,
// because it had cosigned another history.
type ReportConflict struct {
	Witness  string `json:"witness"`  // its name
	Size     int64  `json:"size"`     // entries of the refused checkpoint
	Cosigned int64  `json:"cosigned"` // and of the cosigned one
}

var _ = action(ReportConflict{})

func (ReportConflict) Verb() string         { return "report_conflict" }
func (ReportConflict) Subject() string      { return "" }
func (ReportConflict) givers() givers       { return theSystem }
func (a ReportConflict) bare(*State) Action { return a }

func (a ReportConflict) decide(d *decision) error {
	d.happen(LedgerConflict(a))
	return nil
}

// LedgerConflict: a witness has cosigned another history than this ledger has: it
// was rolled back or forked, or the witness lies.
type LedgerConflict struct {
	Witness  string `json:"witness"`
	Size     int64  `json:"size"`     // entries of the checkpoint that it refused
	Cosigned int64  `json:"cosigned"` // entries of the one that it had cosigned
}

var _ = fact(LedgerConflict{})

func (LedgerConflict) Type() string                { return "ledger.conflict" }
func (LedgerConflict) Subject() string             { return "" }
func (LedgerConflict) concerns(*State) Concerns    { return Concerns{} }
func (LedgerConflict) grade() Grade                { return Special }
func (LedgerConflict) by(*State, Event) Who        { return bySystem() }
func (LedgerConflict) allowed(*State, Event) error { return nil }
func (LedgerConflict) apply(*State, Event)         {}
