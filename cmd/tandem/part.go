package main

import (
	"iter"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody/desk"
)

// part is how much of a list of entries is shown, and from which end.
type part struct {
	from, before int64
	limit        int
	verb         *cobra.Command
}

func addPart(verb *cobra.Command, limit int) *part {
	p := &part{verb: verb}
	flags := verb.Flags()
	flags.Int64Var(&p.from, "from", 0, "index of the first; what follows comes in its order")
	flags.Int64Var(&p.before, "before", 0, "only older ones than this index")
	flags.IntVar(&p.limit, "limit", limit, "at most so many")
	return p
}

// forward says that the entries come in their order: who names the first one
// reads on from there.
func (p *part) forward() bool { return p.verb.Flags().Changed("from") }

// query adds the part to what else is asked for: one entry more than is shown,
// which says whether that was all.
func (p *part) query(q desk.EntryQuery) desk.EntryQuery {
	q.From, q.Before, q.Limit, q.Newest = p.from, p.before, p.limit+1, !p.forward()
	return q
}

// showPart shows the entries that a part asks for, and says when there are more
// and how to see them.
func (c *cli) showPart(p *part, all iter.Seq2[api.Entry, error]) error {
	entries, more, err := upTo(p.limit, all)
	if err != nil {
		return err
	}
	if err := c.showEntries(entries, entries...); err != nil || !more {
		return err
	}
	last := entries[len(entries)-1].Index
	if p.forward() {
		c.note("There are later ones: --from %d, or a greater --limit.", last+1)
	} else {
		c.note("There are older ones: --before %d, or a greater --limit.", last)
	}
	return nil
}

// showOlder writes so many of what the server has, the newest first, and says how to see
// the others, if there are any.
func showOlder[T any](c *cli, limit int, all iter.Seq2[T, error], show func(answer any, list ...T) error, id func(T) string) error {
	list, more, err := upTo(limit, all)
	if err != nil {
		return err
	}
	if err := show(list, list...); err != nil {
		return err
	}
	if more {
		c.note("There are older ones: --before %s, or a greater --limit.", id(list[len(list)-1]))
	}
	return nil
}

// upTo takes the first of a list, and says whether there are more.
func upTo[T any](limit int, all iter.Seq2[T, error]) (list []T, more bool, err error) {
	if limit < 1 {
		return nil, false, usagef("--limit must be at least 1")
	}
	list = []T{} // which JSON shows as an empty list
	for item, err := range all {
		if err != nil {
			return nil, false, err
		}
		if len(list) == limit {
			return list, true, nil
		}
		list = append(list, item)
	}
	return list, false, nil
}
