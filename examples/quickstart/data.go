package main

import (
	"embed"
	"encoding/csv"
	"fmt"
	"io"
	"io/fs"
)

// embedded holds real prices and what goes with them; data/README.md says where
// they come from.
//
//go:embed data/*.csv
var embedded embed.FS

// catalogue is where the feeds come from.
const catalogue = "plexifact://prod/catalog/"

// Data is all that the agents work on.
type Data struct {
	Prices   *Feed // the prices the fund is valued with
	Apple    *Feed // an independent source for one of its securities
	Calendar *Calendar
	Fund     *Fund
}

// readData reads the embedded files.
func readData() (d Data, err error) {
	if d.Prices, err = readFeed(embedded, "fund-prices"); err != nil {
		return d, err
	}
	if d.Apple, err = readFeed(embedded, "apple-closes"); err != nil {
		return d, err
	}
	// The data sets as the catalogue published them; the days of the prices are
	// another matter.
	d.Prices.Record = catalogue + "equity-prices/2026-04-30"
	d.Apple.Record = catalogue + "apple-closes/2026-04-30"
	if d.Calendar, err = readCalendar(embedded, "nyse-holidays"); err != nil {
		return d, err
	}
	d.Fund, err = readFund(embedded, "holdings")
	return d, err
}

// readCSV calls each with the header of a table and, one by one, the rows below.
func readCSV(files fs.FS, name string, each func(header, row []string) error) error {
	f, err := files.Open("data/" + name + ".csv")
	if err != nil {
		return err
	}
	defer f.Close()
	table := csv.NewReader(f) // sees to it that all rows are of one length
	header, err := table.Read()
	for err == nil {
		var row []string
		if row, err = table.Read(); err == nil {
			err = each(header, row)
		}
	}
	if err != io.EOF {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
