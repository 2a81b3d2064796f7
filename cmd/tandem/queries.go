package main

import (
	"context"
	"errors"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/store"
)

// queries lets the API read the store: neither knows the other.
type queries struct{ store *store.Store }

var _ api.Queries = queries{}

func (q queries) People(ctx context.Context) ([]custody.Person, error) { return q.store.People(ctx) }

func (q queries) Person(ctx context.Context, username string) (custody.Person, error) {
	return found(q.store.Person(ctx, username))
}

func (q queries) Credentials(ctx context.Context) ([]custody.Credential, error) {
	return q.store.Credentials(ctx)
}

func (q queries) Credential(ctx context.Context, name string) (custody.Credential, error) {
	return found(q.store.Credential(ctx, name))
}

func (q queries) FindCredentials(ctx context.Context, c api.CredentialQuery) ([]custody.Credential, error) {
	return q.store.FindCredentials(ctx, store.CredentialQuery(c))
}

func (q queries) CustodyCounts(ctx context.Context) ([]api.CustodyCount, error) {
	counts, err := q.store.CustodyCounts(ctx)
	out := make([]api.CustodyCount, len(counts))
	for i, count := range counts {
		out[i] = api.CustodyCount(count)
	}
	return out, err
}

func (q queries) Handovers(ctx context.Context, h api.HandoverQuery) ([]custody.Handover, error) {
	return q.store.Handovers(ctx, store.HandoverQuery(h))
}

func (q queries) Handover(ctx context.Context, id string) (custody.Handover, error) {
	return found(q.store.Handover(ctx, id))
}

func (q queries) Entries(ctx context.Context, e api.EntryQuery) ([]api.StoredEntry, error) {
	return q.withTexts(ctx)(q.store.Entries(ctx, store.EntryQuery{
		From: e.From, Limit: e.Limit, Actor: e.Actor, Subject: e.Subject, Credential: e.Credential, Type: e.Type,
		Newest: e.Newest, Before: e.Before,
	}))
}

func (q queries) EntriesAbout(ctx context.Context, about api.AboutQuery) ([]api.StoredEntry, []string, error) {
	stored, cut, err := q.store.EntriesAbout(ctx, store.AboutQuery(about))
	entries, err := q.withTexts(ctx)(stored, err)
	return entries, cut, err
}

func (q queries) LatestAbout(ctx context.Context, credentials, types []string, before int64) ([]api.StoredEntry, error) {
	return q.withTexts(ctx)(q.store.LatestAbout(ctx, credentials, types, before))
}

// withTexts gives entries with the texts of their notes.
func (q queries) withTexts(ctx context.Context) func([]store.StoredEntry, error) ([]api.StoredEntry, error) {
	return func(stored []store.StoredEntry, err error) ([]api.StoredEntry, error) {
		if err != nil {
			return nil, err
		}
		texts, err := q.store.TextsOf(ctx, stored)
		entries := make([]api.StoredEntry, len(stored))
		for i, entry := range stored {
			entries[i] = api.StoredEntry{Index: entry.Index, Record: entry.Record, Texts: texts[i]}
		}
		return entries, err
	}
}

func (q queries) Entry(ctx context.Context, index int64) (api.StoredEntry, error) {
	entry, err := found(q.store.Entry(ctx, index))
	if err != nil {
		return api.StoredEntry{}, err
	}
	entries, err := q.withTexts(ctx)([]store.StoredEntry{entry}, nil)
	if err != nil {
		return api.StoredEntry{}, err
	}
	return entries[0], nil
}

func (q queries) Exposure(ctx context.Context, credential string, at time.Time) (custody.Exposure, error) {
	return found(q.store.Exposure(ctx, credential, at))
}

func (q queries) HashReader(ctx context.Context) tlog.HashReader { return q.store.HashReader(ctx) }

// found says in the API's words that something is not there.
func found[T any](value T, err error) (T, error) {
	if errors.Is(err, store.ErrNotFound) {
		err = api.ErrNotFound
	}
	return value, err
}
