package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Cents is an amount of US dollars in hundredths: exact where a float64 is not,
// so that two sources that state the same price are never a difference.
type Cents int64

// parseCents reads an amount such as 565.25, 603.0 or 98.
func parseCents(s string) (Cents, error) {
	dollars, fraction, _ := strings.Cut(s, ".")
	if len(fraction) > 2 {
		return 0, fmt.Errorf("%q has more than two decimals", s)
	}
	n, err := strconv.ParseUint(dollars+fraction+"00"[len(fraction):], 10, 53)
	if err != nil || dollars == "" {
		return 0, fmt.Errorf("%q is no amount of dollars", s)
	}
	return Cents(n), nil
}

// String returns the amount in dollars.
func (c Cents) String() string {
	sign := ""
	if c < 0 {
		sign, c = "-", -c
	}
	return fmt.Sprintf("%s%d.%02d", sign, c/100, c%100)
}

// MarshalJSON has the amount recorded in dollars, digit for digit.
func (c Cents) MarshalJSON() ([]byte, error) { return []byte(c.String()), nil }

// change returns by how many percent an amount changed, to two decimals.
func change(from, to Cents) float64 {
	return math.Round(float64(to-from)/float64(from)*100_00) / 100
}
