package rotation

import (
	"slices"
	"strings"
	"time"

	"github.com/tandem-custody/tandem/custody"
)

// maxRefused is how many credentials at one host may have had a log-in refused lately
// before nobody begins there: hosts shut out who fails too often, whatever the account.
const maxRefused = 3

// trusted is for how long a second account is taken to be let in after it was.
const trusted = time.Minute

// place is where an attempt goes, and by whom.
type place struct {
	host  string // "": to none, only to dependents
	admin string // the second account there; "": none
}

func placeOf(c custody.Credential) place {
	if c.Phase != custody.Rotating || arrivesAlone(c) {
		return place{}
	}
	p := place{host: strings.ToLower(c.Target.Address.String())}
	if c.Reconciles { // each kind calls the setting so; what it is without one is one account, too
		p.admin = c.Target.Kind + "\n" + p.host + "\n" + c.Target.Settings["admin"].String()
	}
	return p
}

// turns says which of what is due may begin. It is what is known of the hosts: by the
// ledger, which every worker knows, and by the attempts of this one.
type turns struct {
	parallel, perHost int

	// Of the ledger, at the last look.
	silent  map[string]bool // hosts that did not answer somebody
	refused map[string]int  // host -> how many had a log-in refused there lately
	braked  map[string]bool // second accounts that were refused, and wait for a person or for their time

	// Of this worker's attempts.
	answered map[string]bool      // host -> the last one that ended was answered
	admitted map[string]time.Time // second account -> when it was let in
}

// look takes what the ledger says.
func (t *turns) look(unfinished []custody.Credential, now time.Time) {
	t.silent, t.refused, t.braked = map[string]bool{}, map[string]int{}, map[string]bool{}
	for _, c := range unfinished {
		if c.Phase != custody.Rotating {
			continue
		}
		at, failure := placeOf(c), Failure(c.Rotation.Failure)
		early := c.Rotation.NextTry.After(now)
		switch {
		case failure == Unreachable:
			t.silent[at.host] = true
		case refusedLogin(failure) && early:
			t.refused[at.host]++
		}
		if failure == AdminRefused && (early || c.Rotation.Paused) {
			t.braked[at.admin] = true
		}
	}
}

// ended takes how an attempt went.
func (t *turns) ended(e ending) {
	if e.reached || e.failure == Unreachable {
		t.answered[e.at.host] = e.reached
	}
	if e.admitted {
		t.admitted[e.at.admin] = e.when
	}
	// The next look counts these itself.
	if refusedLogin(e.failure) {
		t.refused[e.at.host]++
	}
	if e.failure == AdminRefused {
		t.braked[e.at.admin] = true
		delete(t.admitted, e.at.admin)
	}
}

// hears says whether a host answers, as far as that is known.
func (t *turns) hears(host string) (answers, known bool) {
	if answers, known = t.answered[host]; known {
		return answers, true
	}
	return false, t.silent[host]
}

// rank is which comes first: the lower. Of one rank the oldest does.
func (t *turns) rank(c custody.Credential) int {
	at := placeOf(c)
	switch answers, known := t.hears(at.host); {
	case at.host == "" || answers:
		return 0
	case known:
		return 3
	case c.Rotation.Attempts == 0:
		return 1
	}
	return 2
}

func (t *turns) sort(waiting []custody.Credential) {
	slices.SortStableFunc(waiting, func(a, b custody.Credential) int {
		if byRank := t.rank(a) - t.rank(b); byRank != 0 {
			return byRank
		}
		return a.Rotation.Since.Compare(b.Rotation.Since)
	})
}

// may says whether an attempt may begin beside those that run. Hosts that do not answer
// take up a part of the slots only, and leave another to those that do.
func (t *turns) may(begin place, running map[string]place, now time.Time) bool {
	part := t.parallel / 4
	if len(running) >= t.parallel || t.braked[begin.admin] && begin.admin != "" {
		return false
	}
	if begin.host == "" {
		return true
	}
	alone := begin.admin != "" && now.Sub(t.admitted[begin.admin]) > trusted
	here, dead, unheard := 0, 0, 0
	for _, other := range running {
		if other.host == begin.host {
			here++
		}
		if alone && other.admin == begin.admin {
			return false // should it be refused, then once
		}
		switch answers, known := t.hears(other.host); {
		case other.host == "" || answers:
		case known:
			dead++
			unheard++
		default:
			unheard++
		}
	}
	most := t.perHost
	switch answers, known := t.hears(begin.host); {
	case answers:
	case known:
		most = 1
		if dead >= max(1, part) {
			return false
		}
	case unheard >= t.parallel-part:
		return false
	}
	return here < most && t.refused[begin.host] < maxRefused
}
