package witnessing

import (
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Status is what is known about the witnesses and the deliveries.
type Status struct {
	Head      int64            `json:"head"`      // size of the newest checkpoint that was taken
	Witnessed int64            `json:"witnessed"` // greatest size that enough witnesses have cosigned; 0 if none
	By        []string         `json:"by"`        // the witnesses that have cosigned it
	Need      int              `json:"need"`      // so many make it witnessed
	Witnesses []WitnessStatus  `json:"witnesses"`
	Delivered []DeliveryStatus `json:"delivered"`
	Trouble   string           `json:"trouble,omitempty"` // why no newer checkpoint can be taken
}

// WitnessStatus is what is known about one witness.
type WitnessStatus struct {
	Name     string    `json:"name"`
	State    State     `json:"state"`
	Since    time.Time `json:"since,omitzero"`
	Size     int64     `json:"size"`              // that it cosigned last
	Cosigned time.Time `json:"cosigned,omitzero"` // when, by its own clock
	Reason   string    `json:"reason,omitempty"`  // of its state
}

// DeliveryStatus is what became of the last delivery to one recipient.
type DeliveryStatus struct {
	To      string    `json:"to"`
	Size    int64     `json:"size"`              // of the checkpoint that arrived last
	At      time.Time `json:"at,omitzero"`       // when it did
	Failure string    `json:"failure,omitempty"` // of the last try, if it failed
}

// Status gives the state of everything now.
func (f *Follower) Status() Status {
	now := f.Now()
	s := Status{Need: f.Need, By: []string{}, Witnesses: []WitnessStatus{}}
	for _, w := range f.witnesses {
		s.Witnesses = append(s.Witnesses, w.status(now, f.Slow))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	s.Head, s.Witnessed = f.head.Size, f.witnessed.Size
	if f.witnessed.Text != nil {
		made, _ := f.quorum.Check(f.witnessed) // settle has checked it
		for _, cosignature := range made {
			s.By = append(s.By, cosignature.Name())
		}
	}
	s.Delivered = append([]DeliveryStatus{}, f.deliveries...)
	if f.trouble != nil {
		s.Trouble = f.trouble.Error()
	}
	return s
}

// Alert joins what somebody should look at; nil: nothing. It is no reason not to
// be ready: custody goes on without witnesses.
func (s Status) Alert() error {
	var errs []error
	for _, w := range s.Witnesses {
		switch w.State {
		case Slow, Lost, Refusing:
			errs = append(errs, fmt.Errorf("witness %s is %s since %s", w.Name, w.State, w.Since.Format(time.RFC3339)))
		case Conflict:
			errs = append(errs, fmt.Errorf("witness %s has cosigned another history of the ledger: special event", w.Name))
		}
	}
	for _, d := range s.Delivered {
		if d.Failure != "" {
			errs = append(errs, fmt.Errorf("checkpoint not delivered to %s", d.To))
		}
	}
	if s.Trouble != "" {
		errs = append(errs, errors.New("no checkpoint of the ledger can be taken"))
	}
	return errors.Join(errs...)
}

var (
	headSize      = prometheus.NewDesc("tandem_ledger_head_entries", "Entries of the newest checkpoint that was taken for witnesses.", nil, nil)
	witnessedSize = prometheus.NewDesc("tandem_ledger_witnessed_entries", "Entries of the greatest checkpoint that enough witnesses have cosigned.", nil, nil)
	cosignedSize  = prometheus.NewDesc("tandem_witness_cosigned_entries", "Entries of the checkpoint that a witness cosigned last.", []string{"witness"}, nil)
	witnessState  = prometheus.NewDesc("tandem_witness_state", "1 for the state that a witness is in.", []string{"witness", "state"}, nil)
	undelivered   = prometheus.NewDesc("tandem_checkpoint_undelivered", "1 if the last delivery to a recipient failed.", []string{"to"}, nil)
)

var _ prometheus.Collector = (*Follower)(nil)

// Describe implements prometheus.Collector.
func (f *Follower) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{headSize, witnessedSize, cosignedSize, witnessState, undelivered} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (f *Follower) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	s := f.Status()
	gauge(headSize, float64(s.Head))
	gauge(witnessedSize, float64(s.Witnessed))
	for _, w := range s.Witnesses {
		gauge(cosignedSize, float64(w.Size), w.Name)
		for _, state := range States {
			gauge(witnessState, bit(state == w.State), w.Name, string(state))
		}
	}
	failed := map[string]bool{} // two webhooks on one host have one name
	for _, d := range s.Delivered {
		failed[d.To] = failed[d.To] || d.Failure != ""
	}
	for to, is := range failed {
		gauge(undelivered, bit(is), to)
	}
}

func bit(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
