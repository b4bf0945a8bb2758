package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/retention"
)

func TestWhatKeepsADay(t *testing.T) {
	today := time.Date(2026, 4, 30, 0, 0, 0, 0, time.UTC)
	v := retentionDays(today.Add(14 * time.Hour))
	keptBy := func(it retention.Item) string {
		cells := v.cells(it)
		return cells[len(cells)-1].text
	}
	assert.Empty(t, keptBy(retention.Item{Day: today}))
	assert.Equal(t, "still written to", keptBy(retention.Item{Day: today, Waits: true}))
	assert.Equal(t, "not everywhere yet", keptBy(retention.Item{Day: today.AddDate(0, 0, -1), Waits: true}))
	assert.Equal(t, "hold 7", keptBy(retention.Item{Day: today, Waits: true, Hold: &control.Hold{Index: 7}}))
}
