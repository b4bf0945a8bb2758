package main

import (
	"fmt"
	"io/fs"
	"strconv"
)

// Fund is what a fund holds.
type Fund struct {
	Cash     Cents
	Holdings []Holding
}

// Holding is a quantity of one security.
type Holding struct {
	Symbol   string
	Quantity int64
}

// readFund reads a table of positions. The one in USD is the cash.
func readFund(files fs.FS, name string) (*Fund, error) {
	f := &Fund{}
	err := readCSV(files, name, func(_, row []string) error {
		if row[0] == "USD" {
			cash, err := parseCents(row[1])
			f.Cash += cash
			return err
		}
		n, err := strconv.ParseInt(row[1], 10, 32)
		f.Holdings = append(f.Holdings, Holding{row[0], n})
		return err
	})
	return f, err
}

// Value returns what the fund is worth by the prices of one day: its net asset
// value. A security without a price is an error, for leaving it out would be a
// wrong answer, not a smaller one.
func (f *Fund) Value(prices *Feed, day Day) (Cents, error) {
	value := f.Cash
	for _, h := range f.Holdings {
		price, ok := prices.Close(h.Symbol, day)
		if !ok {
			return 0, fmt.Errorf("%s has no close of %s on %s", prices.Name, h.Symbol, day)
		}
		value += Cents(h.Quantity) * price
	}
	return value, nil
}
