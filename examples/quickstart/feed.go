package main

import (
	"fmt"
	"io/fs"
	"slices"
)

// Feed is one source of daily closing prices.
type Feed struct {
	Name    string
	Record  string // in the catalogue that it comes from
	Symbols []string
	Days    []Day // on which it has prices, in order

	closes map[quote]Cents
}

// quote names one price of a feed.
type quote struct {
	symbol string
	day    Day
}

// readFeed reads a table with a column of dates and one for each symbol.
func readFeed(files fs.FS, name string) (*Feed, error) {
	f := &Feed{Name: name, closes: map[quote]Cents{}}
	err := readCSV(files, name, func(header, row []string) error {
		day, err := parseDay(row[0])
		if err != nil {
			return err
		}
		if len(f.Days) > 0 && day <= f.Last() {
			return fmt.Errorf("%s comes after %s", day, f.Last())
		}
		f.Symbols, f.Days = header[1:], append(f.Days, day)
		for i, symbol := range f.Symbols {
			if f.closes[quote{symbol, day}], err = parseCents(row[i+1]); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && len(f.Days) == 0 {
		err = fmt.Errorf("%s: no prices", name)
	}
	return f, err
}

// First returns the first day with prices.
func (f *Feed) First() Day { return f.Days[0] }

// Last returns the last day with prices.
func (f *Feed) Last() Day { return f.Days[len(f.Days)-1] }

// Close returns the closing price of a security on a day, if the feed has it.
func (f *Feed) Close(symbol string, day Day) (Cents, bool) {
	price, ok := f.closes[quote{symbol, day}]
	return price, ok
}

// Has reports whether the feed has prices on a day.
func (f *Feed) Has(day Day) bool {
	_, ok := slices.BinarySearch(f.Days, day)
	return ok
}
