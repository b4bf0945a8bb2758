package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// claim makes sure that the store keeps the log under prefix for whom identity, the
// bytes of its log.json, says that it is of, and for no other. Before it says so in a store
// that does not yet, it calls fresh.
func claim(ctx context.Context, store Store, prefix string, identity []byte, retain time.Time, fresh func() error) error {
	there, err := store.Get(ctx, prefix+logFile)
	if errors.Is(err, ErrNotExist) {
		if err := fresh(); err != nil {
			return err
		}
		err = store.Put(ctx, prefix+logFile, identity, retain)
		if err == nil || !errors.Is(err, ErrConflict) {
			return err
		}
		there, err = store.Get(ctx, prefix+logFile) // somebody was faster
	}
	if err != nil {
		return err
	}
	if !bytes.Equal(there, identity) {
		return &alarm{fmt.Errorf("%w: %s is of another log, with another key: the log here was begun anew, or another vault of the same name sends there; give one of them another name, or another place", ErrConflict, prefix+logFile)}
	}
	return nil
}

// newestChunk returns the name, below prefix, of the chunk that goes furthest, and
// "" if there is none.
func newestChunk(ctx context.Context, store Store, prefix string) (string, error) {
	name, _, err := furthest(ctx, store, prefix, "", math.MaxUint64)
	return name, err
}

// lastWhole returns the name, below prefix, of the chunk up to which no record from first on
// is missing, and "" if there is none. known is one that should be there; if it is,
// those that come before it by name are not looked at: it was sent behind them.
func lastWhole(ctx context.Context, store Store, prefix, known string, first uint64) (string, error) {
	if s, ok := parseName(known); ok {
		name, seen, err := furthest(ctx, store, prefix, known, s.size)
		if err != nil || seen {
			return name, err
		}
	}
	name, _, err := furthest(ctx, store, prefix, "", first)
	return name, err
}

// furthest returns the chunk that goes furthest of those that begin where the ones before
// them end, or at from at the latest. It begins with known, if that is not empty, and reports
// whether it saw it.
func furthest(ctx context.Context, store Store, prefix, known string, from uint64) (name string, seen bool, err error) {
	after := ""
	if known != "" {
		after = prefix + known[:len(known)-1] // the last place before it
	}
	var best span
	for o, err := range store.List(ctx, prefix+dayPrefix, after) {
		if err != nil {
			return "", false, err
		}
		rel := strings.TrimPrefix(o.Name, prefix)
		s, ok := parseName(rel)
		if ok && s.first <= from && (name == "" || !s.before(best)) { // of two without records the later one
			name, best, from = rel, s, max(from, s.size)
		}
		seen = seen || rel == known
	}
	return name, seen, nil
}

// held is a chunk that a store lists.
type held struct {
	span
	name string // below the name of the log
}

// chunks returns all chunks that the store has of a log, in the order of their
// records.
func chunks(ctx context.Context, store Store, prefix string) (out []held, err error) {
	for o, err := range store.List(ctx, prefix+dayPrefix, "") {
		if err != nil {
			return nil, err
		}
		rel := strings.TrimPrefix(o.Name, prefix)
		if s, ok := parseName(rel); ok {
			out = append(out, held{s, rel})
		}
	}
	slices.SortFunc(out, func(a, b held) int {
		if a.span == b.span {
			return strings.Compare(a.name, b.name)
		}
		if a.before(b.span) {
			return -1
		}
		return 1
	})
	return out, nil
}

// get returns a chunk, checked against its name.
func get(ctx context.Context, store Store, prefix, name string) (chunk, []byte, error) {
	object, err := store.Get(ctx, prefix+name)
	if err != nil {
		return chunk{}, nil, err
	}
	what, data, err := openChunk(object)
	if err == nil && (what.name() != name || logName(what.Log) != prefix) {
		err = fmt.Errorf("%w: it states that it is %s%s", ErrDamaged, logName(what.Log), what.name())
	}
	if err != nil {
		return chunk{}, nil, fmt.Errorf("%s%s: %w", prefix, name, err)
	}
	return what, data, nil
}

// Vaults returns the names of the vaults that a destination holds logs of.
func Vaults(ctx context.Context, store Store) ([]string, error) {
	return folders(ctx, store, "", func(vault string) (bool, error) {
		logs, err := Logs(ctx, store, vault)
		return len(logs) > 0, err
	})
}

// Logs returns the names of the logs that a destination holds of a vault.
func Logs(ctx context.Context, store Store, vault string) ([]string, error) {
	return folders(ctx, store, vault+"/", func(log string) (bool, error) {
		file := vault + "/" + log + "/" + logFile
		for o, err := range store.List(ctx, file, "") {
			return o.Name == file, err
		}
		return false, nil
	})
}

// folders returns the parts of names that follow prefix and have others below them, as
// far as they are wanted, with one look at the store for each.
func folders(ctx context.Context, store Store, prefix string, wanted func(part string) (bool, error)) (out []string, err error) {
	for after := ""; ; {
		next := ""
		for o, err := range store.List(ctx, prefix, after) {
			if err != nil {
				return nil, err
			}
			next = o.Name
			break
		}
		if next == "" {
			return out, nil
		}
		part, _, below := strings.Cut(strings.TrimPrefix(next, prefix), "/")
		after = next
		if !below {
			continue
		}
		after = prefix + part + "0" // what comes right behind all names with the slash
		ok, err := wanted(part)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, part)
		}
	}
}
